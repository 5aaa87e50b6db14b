from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address

import pytest

from podnet.lab.cloud.api.fault_injection.faults import Settings
from podnet.lab.cloud.services.credentials import Keys
from podnet.lab.cloud.services.fault_injection import MetadataFaults
from podnet.lab.cloud.services.metadata import MetadataServer, Tokens
from podnet.world.model import World

TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"  # the name of a header

CALLER = "127.0.0.1"
"""The address of the instance, from which the test's requests come."""

KEYS = Keys(
    "ASIA1",
    "secret",
    "token",
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1, 6, tzinfo=UTC),
)


def keys_of(_):
    return KEYS


@contextmanager
def service(world, data=b"\x1f\x8b raw", faults=None):
    with MetadataServer(
        "vpc-1",
        lambda: world,
        lambda _: data,
        keys_of,
        faults=faults or MetadataFaults(),
        address=("127.0.0.1", 0),
    ) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

        def ask(path, method="GET", **headers):
            url = f"http://127.0.0.1:{server.server_address[1]}{path}"
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            request = urllib.request.Request(url, method=method, headers=named)
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                    return answer.read()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code

        yield ask
        server.shutdown()


def token(ask, seconds="60"):
    return ask("/latest/api/token", "PUT", **{TTL: seconds})


def test_without_a_token_there_is_no_answer(world):
    with service(world(CALLER)) as ask:
        assert ask("/latest/meta-data/instance-id") == 401
        assert ask("/latest/meta-data/instance-id", **{TOKEN: "made-up"}) == 401
        assert ask("/latest/meta-data/instance-id", **{TOKEN: token(ask).decode()}) == b"i-1"


def test_an_instance_that_does_not_require_tokens_needs_none(world):
    with service(world(CALLER, tokens_required=False)) as ask:
        assert ask("/latest/meta-data/instance-id") == b"i-1"
        assert ask("/latest/meta-data/instance-id", **{TOKEN: "made-up"}) == 401


@pytest.mark.parametrize("seconds", ["0", "21601", "-1", "soon", ""])
def test_a_token_lives_one_second_to_six_hours(world, seconds):
    with service(world(CALLER)) as ask:
        assert token(ask, seconds) == 400
        assert len(token(ask, "21600")) > 40


def test_a_token_is_valid_for_its_instance_and_its_time():
    now = 0.0
    tokens = Tokens(lambda: now)
    issued = tokens.issue("i-1", 10)

    assert (tokens.valid("i-1", issued), tokens.valid("i-2", issued)) == (True, False)
    now = 10.0
    assert not tokens.valid("i-1", issued)


def test_no_token_through_a_proxy(world):
    with service(world(CALLER)) as ask:
        assert ask("/latest/api/token", "PUT", **{TTL: "60", "X_Forwarded_For": "10.1.1.1"}) == 403


def test_a_service_that_is_switched_off_says_so(world):
    with service(world(CALLER, metadata_enabled=False)) as ask:
        assert token(ask) == 403


def test_a_caller_that_is_no_instance_gets_no_answer():
    with service(World()) as ask:
        assert token(ask) == 404


def test_user_data_comes_byte_for_byte(world):
    with service(world(CALLER, tokens_required=False), b"\x1f\x8b\n\n") as ask:
        assert ask("/latest/user-data") == b"\x1f\x8b\n\n"
        assert ask("/2021-03-23/user-data") == b"\x1f\x8b\n\n"
        assert ask("/1999-01-01/user-data") == 404


def test_no_user_data_is_not_found(world):
    with service(world(CALLER, tokens_required=False), None) as ask:
        assert ask("/latest/user-data") == 404


def test_directories_are_listed_with_a_slash_and_leaves_without(world):
    with service(world(CALLER, tokens_required=False)) as ask:
        assert ask("/latest/meta-data/tags/instance/") == b"podnet:node"
        assert ask("/latest/meta-data/placement") == b"availability-zone\nregion"
        assert ask("/latest/meta-data/network/interfaces/macs/") == b"02:00:00:00:00:11/"
        assert ask("/latest/dynamic/instance-identity/") == b"document"
        assert ask("/latest/meta-data/placement/region/nothing") == 404


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"metadata_tags": False}, "tags/instance/"),
        ({}, "public-ipv4"),
        ({}, "iam/info"),
        ({"profile_arn": "arn:aws:iam::1:instance-profile/p"}, "iam/security-credentials/"),
    ],
    ids=["tags", "public address", "profile", "role"],
)
def test_what_an_instance_does_not_have_is_not_found(world, change, path):
    with service(world(CALLER, tokens_required=False, **change)) as ask:
        assert ask(f"/latest/meta-data/{path}") == 404


def test_a_public_address_stands_beside_the_private_one(world):
    public = IPv4Address("54.214.1.2")
    with service(world(CALLER, tokens_required=False, public_address=public)) as ask:
        macs = "/latest/meta-data/network/interfaces/macs/02:00:00:00:00:11"

        assert ask("/latest/meta-data/public-ipv4") == b"54.214.1.2"
        assert ask(f"{macs}/public-ipv4s") == b"54.214.1.2"
        assert ask(f"{macs}/ipv4-associations/54.214.1.2") == CALLER.encode()
        assert ask(f"{macs}/subnet-ipv4-cidr-block") == b"192.168.1.0/24"
        assert ask(f"{macs}/vpc-ipv4-cidr-block") == b"192.168.0.0/16"


def test_the_keys_of_an_instance_are_under_the_name_of_its_role(world):
    profile = "arn:aws:iam::1:instance-profile/p"
    with service(world(CALLER, tokens_required=False, profile_arn=profile, role="node")) as ask:
        where = "/latest/meta-data/iam/security-credentials"
        keys = json.loads(ask(f"{where}/node"))

        assert ask(f"{where}/") == b"node"
        assert (keys["AccessKeyId"], keys["SecretAccessKey"]) == ("ASIA1", "secret")
        assert (keys["Token"], keys["Expiration"]) == ("token", "2026-01-01T06:00:00Z")


@pytest.mark.parametrize(
    ("faults", "struck"),
    [
        ([], []),
        (["metadata-error=2"], [2, 4, 6, 8, 10, 12]),
        (["metadata-error=3", "metadata-error=4"], [3, 4, 6, 8, 9, 12]),
        (["metadata-error=always"], list(range(1, 13))),
        (["stale=5", "throttle=always", "lost=first", "deny=always"], []),
    ],
    ids=["none", "each second", "two", "always", "others' faults"],
)
def test_requests_are_struck_in_their_turn(faults, struck):
    service_faults = MetadataFaults()
    service_faults.change(Settings.of(faults))

    assert [number for number in range(1, 13) if service_faults.strike()] == struck


def test_a_share_of_requests_is_struck_and_the_draw_can_be_repeated():
    faults = MetadataFaults()
    draws = []
    for _ in range(2):
        faults.change(Settings.of(["metadata-error=30%"], seed=3))
        draws.append([faults.strike() for _ in range(200)])

    assert draws[0] == draws[1]
    assert 30 < sum(draws[0]) < 90


def test_a_struck_request_ends_with_500_whatever_it_asks_for(world):
    faults = MetadataFaults()
    with service(world(CALLER), faults=faults) as ask:
        faults.change(Settings.of(["metadata-error=2"]))
        answers = [token(ask) for _ in range(4)]
        faults.change(Settings())
        whole = token(ask)

    assert answers[1::2] == [500, 500]
    assert all(isinstance(each, bytes) for each in [*answers[::2], whole])


def test_an_answer_takes_its_time_error_or_not():
    slept = []
    faults = MetadataFaults(slept.append)
    faults.change(Settings.of(["metadata-slow=3", "metadata-slow=0.5", "metadata-error=always"]))
    faults.strike()

    assert slept == [3.0]
