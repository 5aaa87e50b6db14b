"""No secret passes, wherever it stands; what is none stays as it is."""

import base64
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.bundle.redaction import Redactor
from podnet.plan.settings import Settings
from podnet.verify import planned
from podnet.world import saved
from tests.unit.bundle.planted import NAMED, SECRETS, contexts, named, pieces


def cleaned(text, *known):
    """As the archive cleans a file: JSON by its members."""
    return Redactor(known).document(text)


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("place", contexts(""))
def test_a_secret_is_known_by_its_looks(kind, place):
    text = contexts(SECRETS[kind])[place]
    found = cleaned(text)

    for piece in pieces(SECRETS[kind]):
        assert piece in text.replace("\\n", "\n").replace('\\"', '"') or place.startswith("JSON")
        assert piece not in found
    assert "[removed: " in found


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("place", named("", ""))
def test_a_secret_is_known_by_its_name(name, place):
    value = NAMED[name]
    found = cleaned(named(name, value)[place])

    assert value not in found
    assert value.replace(" ", "_") not in found
    assert value.rpartition(" ")[2] not in found
    assert "[removed: " in found


def test_what_pulumi_marks_as_secret_goes_whatever_is_in_it():
    mark = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    found = Redactor().value({"outputs": {"a": {**mark, "plaintext": '"planted"'}, "b": 2}})

    assert found == {"outputs": {"a": "[removed: Pulumi secret]", "b": 2}}


@pytest.mark.parametrize("secret", ["correct horse", 'with "quotes" and \\', "ünïcode/+=&"])
def test_a_secret_that_is_known_is_found_in_every_form(secret):
    forms = (secret, json.dumps({"note": secret}), quote(secret, safe=""))
    text = "\n".join((*forms, base64.b64encode(secret.encode()).decode()))
    redactor = Redactor([secret, "", "short"])
    found = redactor.text(text)

    assert redactor.removed["secret of the stack"] == 4
    assert secret not in found
    assert base64.b64encode(secret.encode()).decode().rstrip("=") not in found
    assert redactor.text("short") == "short"


INNOCENT = """\
192.168.1.11 dev eth0 lladdr 0a:58:c0:a8:01:0b REACHABLE
{"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "tokens_required": true}
rtb-fc4946114bbb029bb routes 10.1.2.0/24 to eni-e2b18096da7f8468a
sha256:15de1a85dc3fbd324abd3c85910b0fbb40666b99e7b8bdfd645d0f1b7a01ce2b
commit 5a41aaa0123456789abcdef0123456789abcdef0
podnet-update.service: fetches /podnet/organization/podnet/lab/files/piece-1
ip saddr 10.1.1.0/24 ip daddr != 10.1.0.0/16 masquerade
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPublicKeysMayBeSeen0000000000000000000 me@host
discovery-token-unsafe-skip-ca-verification=false
i-464c2d8600d56f4ec t3.small ami-0deb121a000000000 eu-central-1a
"""


def test_what_is_no_secret_stays():
    assert Redactor().text(INNOCENT) == INNOCENT


def test_a_world_stays_a_world():
    world = planned.world(Settings(node_count=3))
    text = saved.dumps(world)
    redactor = Redactor()

    assert saved.loads(json.dumps(redactor.value(json.loads(text))), "bundle") == world
    assert redactor.removed == {}


@given(st.text(max_size=60))
def test_any_text_can_be_cleaned_and_cleaning_again_changes_nothing(text):
    redactor = Redactor()
    once = redactor.text(text)

    assert Redactor().text(once) == once


def test_a_large_text_without_spaces_is_cleaned_in_time():
    began = time.process_time()
    for text in ("a" * 300_000, "-" * 100_000, "token" * 2_000, "x=" * 100_000, "A1b" * 100_000):
        Redactor().text(text)

    assert time.process_time() - began < 20


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("name", NAMED)
def test_what_is_clean_stays_as_it_is(kind, name):
    for text in (*contexts(SECRETS[kind]).values(), *named(name, NAMED[name]).values()):
        once = cleaned(text)
        assert cleaned(once) == once


@pytest.mark.parametrize("before", ["", "10:00 node-1 x[1]: "], ids=["alone", "log"])
@pytest.mark.parametrize("last", ["Xy==", "Planted06XyPlanted06Xy"])
def test_the_end_of_a_key_whose_beginning_was_cut_off_is_no_text_either(before, last):
    key = [*SECRETS["RSA private key"].splitlines()[3:-1], last, "-----END RSA PRIVATE KEY-----"]
    lines = ["a line before it, whole.", *key, "after it"]

    found = cleaned("\n".join(before + line for line in lines))

    assert found.splitlines() == [
        f"{before}a line before it, whole.",
        f"{before}[removed: private key]",
        f"{before}after it",
    ]


def test_many_ends_of_keys_take_no_longer_than_their_text():
    began = time.monotonic()
    found = cleaned("MIIEvQIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----\n" * 20_000)

    assert "MIIE" not in found
    assert time.monotonic() - began < 10
