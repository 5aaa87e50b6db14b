import re

import parameters
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from parameters import Store

NAME = "/podnet/dev/kubernetes/join"


class Client:
    """boto3's client for SSM: records requests, and fails with `error`."""

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
        return {"Parameter": {"Value": "value"}}


@pytest.fixture
def client(monkeypatch):
    client = Client()
    session = type("Session", (), {"client": lambda *_, **__: client})
    monkeypatch.setattr(parameters.boto3, "Session", session)
    return client


def test_a_secret_is_read_in_clear(client):
    assert Store("eu-central-1").read(NAME) == "value"
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
    ("error", "message"),
    [
        (denied("ParameterNotFound"), f"SSM parameter {NAME} does not exist; `pulumi up`"),
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
def test_a_refusal_names_the_parameter_and_the_way_out(client, error, message):
    client.error = error

    with pytest.raises(OSError, match=re.escape(message)):
        Store("eu-central-1").write(NAME, "value")


def test_metadata_is_read_with_a_new_token_each_time(monkeypatch):
    read = []

    class Service:
        def __init__(self, timeout):
            read.append(timeout)

        def read(self, path):
            return f"value of {path}"

    monkeypatch.setattr(parameters, "MetadataService", Service)

    assert [parameters.instance("public-ipv4") for _ in range(2)] == ["value of public-ipv4"] * 2
    assert read == [2, 2]
