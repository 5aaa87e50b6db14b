"""The agent of Session Manager: where it is fetched from, and which signatures are good."""

import dataclasses
import shutil
import subprocess
import urllib.error
from email.message import Message

import pytest
import session_manager

from podnet.plan.kubernetes import Kubernetes
from podnet.plan.settings import Settings
from podnet.userdata import release
from tests.signing import Signer

FINGERPRINT = "1C5B395CBE5E74E2F1CA21592784DBF388D19D46"
"""Of the key in aws/amazon-ecs-agent, scripts/amazon-ssm-agent.gpg, that expires on 2027-11-25."""
EARLIER = ("--faked-system-time", "20260101T000000!")
DATA = b"a package"

needs_gpg = pytest.mark.skipif(not shutil.which("gpg"), reason="no gpg on PATH")


@pytest.mark.parametrize(
    ("region", "domain", "host"),
    [
        ("eu-central-1", "amazonaws.com", "s3.eu-central-1.amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn", "s3.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "amazonaws.com", "s3.us-gov-west-1.amazonaws.com"),
        ("us-iso-east-1", "c2s.ic.gov", "s3.us-iso-east-1.c2s.ic.gov"),
    ],
)
@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_the_package_is_in_the_bucket_of_the_region(region, domain, host, architecture):
    metadata = {"placement/region": region, "services/domain": domain}

    assert session_manager.url(metadata.__getitem__, architecture) == (
        f"https://{host}/amazon-ssm-{region}/latest/debian_{architecture}/amazon-ssm-agent.deb"
    )


@pytest.mark.parametrize("kubernetes", Kubernetes)
def test_it_is_a_part_of_the_release_only_where_the_setting_wants_it(kubernetes):
    wanted = Settings(kubernetes=kubernetes)
    files = release.files(wanted)
    without = release.files(dataclasses.replace(wanted, session_manager=False))

    assert files.keys() - without.keys() == {
        "amazon-ssm-agent.asc",
        "session_manager.py",
        "etc/systemd/system/podnet-session-manager.service",
    }
    assert set(files["units"].split()) - set(without["units"].split()) == {
        "podnet-session-manager.service"
    }


@needs_gpg
def test_the_key_of_the_release_is_the_one_of_aws(tmp_path):
    text = release.files(Settings())["amazon-ssm-agent.asc"]
    file = tmp_path / "key.gpg"
    file.write_bytes(session_manager.binary(text))

    shown = subprocess.run(
        ("gpg", "--homedir", tmp_path, "--batch", "--show-keys", "--with-colons", file),
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    fields = [line.split(":") for line in shown.splitlines()]
    assert [each[9] for each in fields if each[0] == "fpr"] == [FINGERPRINT]
    assert [each[6] for each in fields if each[0] == "pub"] == ["1827151087"]


@pytest.fixture(scope="module")
def signers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    made = [Signer(folder / name, *options) for name, options in (("a", ()), ("b", EARLIER))]
    yield made
    for each in made:
        each.end()


@pytest.fixture
def verify(tmp_path):
    """Verify a package as it came, by a signature and an armored key."""

    def run(data, signature, armored):
        package, file = tmp_path / "p.deb", tmp_path / "p.deb.sig"
        package.write_bytes(data)
        file.write_bytes(signature)
        session_manager.verify(package, file, session_manager.binary(armored))

    return run


@needs_gpg
def test_a_good_signature_of_the_key_is_accepted(signers, verify):
    verify(DATA, signers[0].sign(DATA), signers[0].armored())


@needs_gpg
@pytest.mark.parametrize(
    ("signer", "key", "reason"),
    [(1, 0, "No public key"), (1, 1, "the key has expired")],
    ids=["another key", "expired key"],
)
def test_a_signature_of_another_key_or_of_one_that_has_expired_is_refused(
    signers, verify, signer, key, reason
):
    with pytest.raises(ValueError, match=reason):
        verify(DATA, signers[signer].sign(DATA), signers[key].armored())


@needs_gpg
def test_a_changed_package_and_what_is_no_signature_are_refused(signers, verify):
    own, key = signers[0].sign(DATA), signers[0].armored()

    with pytest.raises(ValueError, match="BAD signature from"):
        verify(DATA + b"!", own, key)
    with pytest.raises(ValueError, match="no valid OpenPGP data found"):
        verify(DATA, b"<html>", key)


@needs_gpg
def test_the_words_of_a_signer_are_not_those_of_gpgv(tmp_path, verify):
    signer = Signer(tmp_path / "named", *EARLIER)
    signer.gpg("--passphrase", "", "--quick-add-uid", "double", "x [GNUPG:] GOODSIG y")
    text = signer.armored()

    with pytest.raises(ValueError, match="the key has expired"):
        verify(DATA, signer.sign(DATA), text)
    signer.end()


def test_a_bucket_that_cannot_be_reached_is_named(tmp_path, monkeypatch):
    def refuse(url, timeout):
        raise urllib.error.HTTPError(url, 404, "Not Found", Message(), None)

    monkeypatch.setattr(session_manager.urllib.request, "urlopen", refuse)

    with pytest.raises(OSError, match=r"^https://s3/a.sig cannot be fetched: HTTP Error 404"):
        session_manager.fetch("https://s3/a.sig", tmp_path / "a")


def test_attempts_become_rarer_and_each_other_reason_is_named_once(tmp_path, monkeypatch, capsys):
    note = tmp_path / "note"
    reasons = iter([*["not installed: a"] * 8, *["not installed: b"] * 2, ""])
    waits, notes = [], []

    def sleep(seconds):
        waits.append(seconds)
        notes.append(note.read_text())

    monkeypatch.setattr(session_manager, "NOTE", note)
    monkeypatch.setattr(session_manager, "attempt", lambda _: next(reasons))
    monkeypatch.setattr(session_manager.time, "sleep", sleep)

    session_manager.main()

    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert notes == [*["not installed: a"] * 8, *["not installed: b"] * 2]
    assert capsys.readouterr().out.splitlines() == [
        "Session Manager's agent is not installed: a",
        "Session Manager's agent is not installed: b",
        "Session Manager's agent is there",
    ]
    assert not note.exists()
