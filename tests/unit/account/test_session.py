"""What keeps an account from being read ends in a sentence with the way out."""

import boto3
import pytest
from botocore import exceptions

from docs.command_statements import VERIFIER
from podnet.account import session, stacks
from podnet.account.session import client, explained
from tests.refusals import refused
from tests.unit.account.conftest import REGION


def refusing(code, message="no"):
    return exceptions.ClientError(
        {"Error": {"Code": code, "Message": message}}, "DescribeRouteTables"
    )


@pytest.mark.parametrize("code", session.DENIED)
def test_the_permission_that_is_missing_is_named(code):
    with refused("permission-missing") as caught, explained():
        raise refusing(code, "You are not authorized")
    assert "ec2:DescribeRouteTables" in str(caught.value)
    assert "docs/iam/verifier.json" in str(caught.value)


@pytest.mark.parametrize("code", session.REJECTED)
def test_credentials_that_aws_does_not_take(code):
    with refused("credentials-refused") as caught, explained():
        raise refusing(code)
    assert code in str(caught.value)


def test_another_answer_is_shown_as_it_is():
    with refused("account-call-failed") as caught, explained():
        raise refusing("InternalError", "An internal error has occurred")
    assert "InternalError: An internal error has occurred" in str(caught.value)


def test_no_region(account):
    with refused("region-unknown"):
        client("ec2")


@pytest.mark.parametrize(
    ("given", "variables", "region"),
    [
        (None, {"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        (None, {"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        (None, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ("us-east-1", {"AWS_REGION": "eu-west-1"}, "us-east-1"),
    ],
    ids=["AWS_REGION", "AWS_DEFAULT_REGION", "both", "an option"],
)
def test_the_region_is_the_one_that_the_aws_cli_would_take(
    account, monkeypatch, given, variables, region
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert client("ec2", given).meta.region_name == region


def test_no_credentials(account, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    # moto sets its own for boto3's default session.
    monkeypatch.setattr(boto3, "Session", lambda: boto3.session.Session(botocore_session=bare()))
    with refused("credentials-unknown"):
        stacks.find(None, None, REGION)


def bare():
    import botocore.session  # noqa: PLC0415  # not before moto has begun

    found = botocore.session.Session()
    found.get_component("credential_provider").providers.clear()
    return found


def test_half_of_the_credentials(account, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with refused("credentials-unknown"):
        stacks.find(None, None, REGION)


def test_a_profile_that_does_not_exist(account, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with refused("account-misconfigured") as caught:
        client("ec2", REGION)
    assert "nobody" in str(caught.value)


def test_an_endpoint_where_nobody_listens(account, monkeypatch):
    monkeypatch.setattr(session, "ATTEMPTS", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with refused("account-unreachable") as caught:
        stacks.find(None, None, REGION)
    assert "127.0.0.1:1" in str(caught.value)


def test_the_policy_allows_what_reading_calls_and_no_more(dev, account, monkeypatch):
    options = account.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["192.0.2.1"]}]
    )["DhcpOptions"]["DhcpOptionsId"]
    account.associate_dhcp_options(DhcpOptionsId=options, VpcId=dev.vpc)
    called = set()

    def watched(*words):
        made = client(*words)
        made.meta.events.register(
            "before-call.ec2.*", lambda model, **_: called.add(f"ec2:{model.name}")
        )
        return made

    monkeypatch.setattr(stacks, "client", watched)
    found = stacks.find(None, None, REGION)

    assert any(options in str(each) for each in found.world.unmodelled)
    assert called == set(VERIFIER.actions)
