"""SSM as an instance meets it: who signs, what the role's policies allow, what is shown."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from podnet.lab.clients import client
from podnet.lab.cloud.api.ssm import calls as parameters
from podnet.lab.cloud.services.credentials import Credentials

REGION = "eu-central-1"
ARN = f"arn:aws:ssm:{REGION}:123456789012:parameter"


@pytest.fixture(scope="session")
def ours(endpoint):
    """A client of the API on loopback, where nobody is asked who he is."""
    return lambda service: client(service, endpoint, REGION)


@pytest.fixture
def keys(ours):
    return Credentials(lambda _: ours("sts")).of


@pytest.fixture
def role(iam, request):
    """Makes a role of a test's own with these statements as its one inline policy."""
    made = []

    def make(*statements, name="node"):
        name = f"{name}-{len(made)}-{abs(hash(request.node.name))}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        if statements:
            document = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))
        made.append(name)
        return name

    return make


@pytest.fixture
def ssm(endpoints, keys, instance):
    """SSM as an instance with this role sees it."""

    def make(role, **changed):
        given = keys(instance(role=role))
        values = {
            "aws_access_key_id": given.key_id,
            "aws_secret_access_key": given.secret,
            "aws_session_token": given.token,
            **changed,
        }
        return boto3.client(
            "ssm",
            region_name=REGION,
            endpoint_url=endpoints[1],
            **values,
            config=Config(retries={"total_max_attempts": 1}),
        )

    return make


def allow(action, *names, effect="Allow"):
    return {"Effect": effect, "Action": action, "Resource": [f"{ARN}{name}" for name in names]}


def refused(call, **asked):
    with pytest.raises(ClientError) as caught:
        call(**asked)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.fixture(scope="session")
def stored(ours):
    ssm = ours("ssm")
    ssm.put_parameter(Name="/r/plain", Value="public", Type="String")
    ssm.put_parameter(Name="/r/secret", Value="hidden", Type="SecureString")
    return ssm


def test_only_what_a_policy_allows_is_done(stored, role, ssm):
    name = role(allow("ssm:GetParameter", "/r/plain"))
    client = ssm(name)

    assert client.get_parameter(Name="/r/plain")["Parameter"]["Value"] == "public"
    assert refused(client.get_parameter, Name="/r/secret") == (
        "AccessDeniedException",
        (
            f"User: arn:aws:sts::123456789012:assumed-role/{name}/i-1 is not authorized to "
            f"perform: ssm:GetParameter on resource: {ARN}/r/secret because no identity-based "
            "policy allows the ssm:GetParameter action"
        ),
    )
    assert (
        refused(client.put_parameter, Name="/r/plain", Value="x", Type="String", Overwrite=True)[0]
        == "AccessDeniedException"
    )
    assert stored.get_parameter(Name="/r/plain")["Parameter"]["Value"] == "public"


def test_one_of_several_parameters_that_may_not_be_read_denies_them_all(stored, role, ssm):
    client = ssm(role(allow("ssm:GetParameters", "/r/plain")))

    assert client.get_parameters(Names=["/r/plain"])["Parameters"][0]["Value"] == "public"
    assert f"{ARN}/r/secret" in refused(client.get_parameters, Names=["/r/plain", "/r/secret"])[1]


def test_a_deny_wins_and_its_message_says_so(stored, role, ssm):
    client = ssm(
        role(allow("ssm:*", "/r/*"), allow("ssm:GetParameter", "/r/secret", effect="Deny"))
    )

    assert client.get_parameter(Name="/r/plain")["Parameter"]["Value"] == "public"
    assert refused(client.get_parameter, Name="/r/secret")[1].endswith(
        f"on resource: {ARN}/r/secret with an explicit deny in an identity-based policy"
    )


def test_an_attached_policy_counts_like_an_inline_one(stored, role, ssm, iam):
    name = role()
    before = refused(ssm(name).get_parameter, Name="/r/plain")[0]
    iam.attach_role_policy(
        RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    )

    assert before == "AccessDeniedException"
    assert ssm(name).get_parameter(Name="/r/plain")["Parameter"]["Value"] == "public"


def test_a_secure_value_is_readable_only_when_decryption_is_asked_for(stored, role, ssm):
    client = ssm(role(allow("ssm:*", "/r", "/r/*")))
    shown = [
        client.get_parameter(Name="/r/secret")["Parameter"],
        *client.get_parameters(Names=["/r/secret"])["Parameters"],
        *client.get_parameters_by_path(Path="/r")["Parameters"],
        *client.get_parameter_history(Name="/r/secret")["Parameters"],
    ]
    values = {each["Value"] for each in shown if each["Type"] == "SecureString"}

    assert len(values) == 1
    assert not any("hidden" in value or value.startswith("kms:") for value in values)
    assert (
        client.get_parameter(Name="/r/secret", WithDecryption=True)["Parameter"]["Value"]
        == "hidden"
    )


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"aws_secret_access_key": "guessed"}, "InvalidSignatureException"),
        ({"aws_access_key_id": "ASIAGUESSED"}, "UnrecognizedClientException"),
        ({"aws_session_token": "guessed"}, "UnrecognizedClientException"),
        (
            {"aws_access_key_id": "lab", "aws_secret_access_key": "lab", "aws_session_token": None},
            "UnrecognizedClientException",
        ),
    ],
    ids=["secret", "key", "token", "the key of the lab's own"],
)
def test_a_caller_without_the_keys_of_the_metadata_may_do_nothing(stored, role, ssm, changed, code):
    client = ssm(role(allow("ssm:*", "*")), **changed)

    assert refused(client.get_parameter, Name="/r/plain")[0] == code


def test_an_unsigned_request_is_refused_as_such(endpoints):
    request = urllib.request.Request(  # noqa: S310  # a local server
        endpoints[1],
        data=b'{"Name": "/r/plain"}',
        headers={
            "X-Amz-Target": "AmazonSSM.GetParameter",
            "Content-Type": "application/x-amz-json-1.1",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)  # noqa: S310  # a local server

    with caught.value as answer:
        assert json.load(answer)["__type"] == "MissingAuthenticationTokenException"


def test_no_other_service_is_behind_that_name(endpoints, keys, role, instance):
    given = keys(instance(role=role({"Effect": "Allow", "Action": "*", "Resource": "*"})))
    other = boto3.client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=endpoints[1],
        aws_access_key_id=given.key_id,
        aws_secret_access_key=given.secret,
        aws_session_token=given.token,
    )

    assert refused(other.list_secrets) == (
        "InvalidSignatureException",
        "Credential should be scoped to correct service: 'ssm'.",
    )


def test_an_action_whose_resources_the_lab_does_not_know_is_refused_by_name(role, ssm):
    client = ssm(role({"Effect": "Allow", "Action": "*", "Resource": "*"}))

    code, message = refused(client.list_commands)

    assert (code, "ListCommands" in message) == ("UnknownOperationException", True)


def test_a_policy_that_the_lab_cannot_evaluate_is_refused(stored, role, ssm):
    client = ssm(
        role(
            {
                **allow("ssm:*", "/r/plain"),
                "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
            }
        )
    )

    code, message = refused(client.get_parameter, Name="/r/plain")

    assert (code, "Condition" in message) == ("NotImplemented", True)


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("/a/b", "/a/b"),
        ("plain", "/plain"),
        ("/a/b:3", "/a/b"),
        (f"{ARN}/a/b", "/a/b"),
        (f"{ARN}/a/b:3", "/a/b"),
    ],
    ids=["path", "no path", "version", "arn", "arn and version"],
)
def test_a_parameter_is_the_same_resource_however_it_is_called(name, about):
    found = parameters.resources("GetParameter", {"Name": name}, REGION, "123456789012")

    assert found == [f"{ARN}{about}"]


def test_an_instance_gets_new_keys_before_its_old_ones_expire(ours, instance):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = Credentials(lambda _: ours("sts"), lambda: now)
    one, other = instance(role="r"), instance(id="i-2", role="r")
    first = made.of(one)
    now += timedelta(hours=4)
    same = made.of(one)
    now += timedelta(hours=1, seconds=1)
    later = made.of(one)

    assert same == first
    assert later.key_id != first.key_id
    assert later.expires - now == timedelta(hours=6)
    assert made.of(other).key_id != later.key_id
