import re
from io import BytesIO
from urllib.error import HTTPError

import parameters
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from parameters import Store

NAME = "/podnet/dev/kubernetes/join"


class Client:
    """boto3's client for SSM: keeps what it is asked, and fails as it is told."""

    def __init__(self):
        self.asked = []
        self.error = None

    def get_parameter(self, **request):
        return self._answer("GetParameter", request)

    def put_parameter(self, **request):
        return self._answer("PutParameter", request)

    def _answer(self, action, request):
        self.asked.append((action, request))
        if self.error:
            raise self.error
        return {"Parameter": {"Value": "told"}}


@pytest.fixture
def client(monkeypatch):
    client = Client()
    session = type("Session", (), {"client": lambda *_, **__: client})
    monkeypatch.setattr(parameters.boto3, "Session", session)
    return client


def test_a_secret_is_read_in_clear(client):
    assert Store("eu-central-1").read(NAME) == "told"
    assert client.asked == [("GetParameter", {"Name": NAME, "WithDecryption": True})]


@pytest.mark.parametrize(("secret", "kind"), [(True, "SecureString"), (False, "String")])
def test_a_secret_is_written_as_one(client, secret, kind):
    Store("eu-central-1").write(NAME, "value", secret=secret)

    assert client.asked == [
        ("PutParameter", {"Name": NAME, "Value": "value", "Type": kind, "Overwrite": True})
    ]


def denied(code, message=""):
    return ClientError({"Error": {"Code": code, "Message": message}}, "x")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (denied("ParameterNotFound"), f"SSM parameter {NAME} is not there; `pulumi up`"),
        (
            denied("AccessDeniedException", "User: x is not authorized"),
            f"SSM parameter {NAME}: this node's role lacks ssm:PutParameter for it",
        ),
        (
            denied("ThrottlingException", "Rate exceeded"),
            f"PutParameter of SSM parameter {NAME}: ThrottlingException: Rate exceeded",
        ),
        (NoCredentialsError(), f"PutParameter of SSM parameter {NAME}: Unable to locate cred"),
    ],
    ids=["missing", "denied", "other", "no credentials"],
)
def test_a_refusal_names_the_parameter_and_the_way_out(client, error, said):
    client.error = error

    with pytest.raises(OSError, match=re.escape(said)):
        Store("eu-central-1").write(NAME, "value")


@pytest.fixture
def service(monkeypatch):
    """The metadata service; answers by path."""
    answers, asked = {"/latest/api/token": b"token"}, []

    def urlopen(request, timeout):
        path = request.full_url.removeprefix("http://169.254.169.254")
        asked.append((request.method, path, dict(request.header_items())))
        if path not in answers:
            raise HTTPError(request.full_url, 404, "Not Found", {}, BytesIO())
        return BytesIO(answers[path])

    monkeypatch.setattr(parameters, "urlopen", urlopen)
    return answers, asked


def test_the_metadata_service_is_asked_with_a_token(service):
    answers, asked = service
    answers["/latest/meta-data/public-ipv4"] = b"198.51.100.7"

    assert parameters.instance("public-ipv4") == "198.51.100.7"
    assert [(method, path) for method, path, _ in asked] == [
        ("PUT", "/latest/api/token"),
        ("GET", "/latest/meta-data/public-ipv4"),
    ]
    assert asked[1][2]["X-aws-ec2-metadata-token"] == "token"


def test_what_the_metadata_service_has_not_is_a_lookup_that_failed(service):
    with pytest.raises(LookupError, match="has no meta-data/public-ipv4"):
        parameters.instance("public-ipv4")
