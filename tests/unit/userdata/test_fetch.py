"""The fetcher of the user data: signed requests, and what becomes of a release."""

import io
import json
import urllib.error

import fetch
import pytest
import ssm
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan.settings import Settings
from podnet.userdata import release

KEYS = {"AccessKeyId": "AKIA", "SecretAccessKey": "secret", "Token": "token"}
NOW = "20260101T000000Z"
DIGEST = release.digest(Settings())
REGION = {"placement/region": "eu-central-1", "services/domain": "amazonaws.com"}


@given(
    st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
    st.text("abcXYZ019+/=", min_size=1),
    st.binary(max_size=60),
)
def test_a_request_is_signed_as_by_botocore(region, secret, body):
    host = f"ssm.{region}.amazonaws.com"
    keys = {**KEYS, "SecretAccessKey": secret}
    found = ssm.headers(host, region, "AmazonSSM.PutParameter", keys, body, NOW)
    given_headers = {key: value for key, value in found.items() if key != "authorization"}
    request = AWSRequest("POST", f"https://{host}/", data=body, headers=given_headers)
    request.context["timestamp"] = NOW
    auth = SigV4Auth(Credentials("AKIA", secret, "token"), "ssm", region)
    # It would put the present time in place of ours.
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)

    assert found["authorization"].endswith(f"Signature={signature}")
    assert (
        f"SignedHeaders={auth.signed_headers(auth.headers_to_sign(request))},"
        in (found["authorization"])
    )


class Service:
    """The metadata of an instance."""

    def __init__(self, **tags):
        self.values = {
            **REGION,
            "iam/security-credentials/": "role",
            "iam/security-credentials/role": json.dumps(KEYS),
            **{f"tags/instance/podnet:{key}": value for key, value in tags.items()},
        }

    def read(self, path):
        if path not in self.values:
            raise LookupError(f"the metadata service has no {path}; is it set?")
        return self.values[path]


def test_a_parameter_is_read_where_the_instance_is(monkeypatch):
    asked = []

    def answer(request, timeout):
        asked.append((request.full_url, request.data, request.get_header("X-amz-target")))
        return io.BytesIO(b'{"Parameter": {"Value": "text"}}')

    monkeypatch.setattr(ssm.urllib.request, "urlopen", answer)

    assert fetch.read(Service(), "/podnet/dev/files/1") == "text"
    assert asked == [
        (
            "https://ssm.eu-central-1.amazonaws.com/",
            b'{"Name": "/podnet/dev/files/1"}',
            "AmazonSSM.GetParameter",
        )
    ]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            urllib.error.HTTPError("", 400, "", {}, io.BytesIO(b'{"__type":"AccessDenied"}')),
            "AccessDenied",
        ),
        (urllib.error.URLError("no route to host"), "no route to host"),
        (TimeoutError("timed out"), "timed out"),
    ],
    ids=["refused", "no way", "slow"],
)
def test_a_parameter_that_cannot_be_read_is_named_with_the_reason(monkeypatch, error, reason):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(ssm.urllib.request, "urlopen", fail)

    with pytest.raises(OSError, match=rf"SSM parameter /p from ssm\.eu-central-1.*{reason}"):
        fetch.read(Service(), "/p")


@pytest.fixture
def parameters(monkeypatch):
    monkeypatch.setenv("PODNET_FILES", "/podnet/dev/files")
    pieces = enumerate(release.pieces(Settings()), 1)
    return {release.piece("dev", DIGEST, number): piece for number, piece in pieces}


def test_the_release_of_the_tag_is_fetched_once(tmp_path, parameters):
    service = Service(files=DIGEST)
    first = fetch.release(tmp_path, service.read, parameters.__getitem__)
    parameters.clear()

    assert fetch.release(tmp_path, service.read, parameters.__getitem__) == first
    assert first == tmp_path / f"usr/local/lib/podnet-{DIGEST[:12]}"
    assert (first / "update.py").exists()


def test_without_a_tag_or_with_a_wrong_one_nothing_is_unpacked(tmp_path, parameters):
    with pytest.raises(LookupError, match="podnet:files"):
        fetch.release(tmp_path, Service().read, parameters.__getitem__)

    near = DIGEST[:12] + "0" * 52
    with pytest.raises(ValueError, match=f"not {near}, so it is not unpacked"):
        fetch.release(tmp_path, Service(files=near).read, parameters.__getitem__)
    assert not list(tmp_path.rglob("*.py"))


class EndedError(Exception):
    """The end of a test's wait."""


def test_what_is_wrong_is_written_down_and_tried_again(tmp_path, monkeypatch, capsys):
    problem = tmp_path / fetch.PROBLEM
    problem.parent.mkdir(parents=True)
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            raise EndedError

    monkeypatch.setattr(fetch.time, "sleep", sleep)
    monkeypatch.setattr(fetch, "MetadataService", Service)

    with pytest.raises(EndedError):
        fetch.main(tmp_path)

    assert problem.read_text().startswith("no release: the metadata service has no tags/instance")
    assert capsys.readouterr().out.count("no release") == 1


def test_a_fetched_release_brings_its_own_updater(tmp_path, monkeypatch, parameters):
    problem = tmp_path / fetch.PROBLEM
    problem.parent.mkdir(parents=True)
    started = []

    def become(*argv):
        started.append((argv, problem.read_text()))
        raise EndedError

    monkeypatch.setattr(fetch.os, "execv", become)
    monkeypatch.setattr(fetch, "MetadataService", lambda: Service(files=DIGEST))
    monkeypatch.setattr(fetch, "read", lambda _, name: parameters[name])

    with pytest.raises(EndedError):
        fetch.main(tmp_path)

    [((_, argv), said)] = started
    folder = tmp_path / f"usr/local/lib/podnet-{DIGEST[:12]}"
    assert argv[1:] == ("-B", str(folder / "update.py"))
    assert said == f"{folder.name} does not run yet"
