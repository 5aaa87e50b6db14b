"""The faults of AWS's API: stale, throttling, losing replies, refusing; and whom it spares."""

from __future__ import annotations

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from podnet.errors import UserError
from podnet.lab.clients import DEPLOYER, client
from podnet.lab.cloud.api.fault_injection import control
from podnet.lab.cloud.api.fault_injection.faults import Fault, Settings
from tests.refusals import refused
from tests.unit.lab.cloud.conftest import REGION

TRUST = '{"Version": "2012-10-17", "Statement": []}'


@pytest.fixture
def inject(endpoint):
    """Sets faults for the test."""
    yield lambda *faults, seed=0: control.change(endpoint, Settings.of(faults, seed=seed))
    control.change(endpoint, Settings())


@pytest.fixture
def deployer(endpoint):
    """A client of whoever deploys, that calls so often."""

    def make(service: str, attempts: int = 1):
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=endpoint,
            aws_access_key_id=DEPLOYER,
            aws_secret_access_key="lab",
            config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
        )

    return make


def code(call, **arguments) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def named(ec2, name: str) -> list[str]:
    found = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [name]}])["Vpcs"]
    return [vpc["VpcId"] for vpc in found]


def make_vpc(ec2, name: str) -> str:
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": name}]}]
    return ec2.create_vpc(CidrBlock="10.7.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]


def test_reads_answer_what_was_there_some_seconds_ago(inject, deployer, ec2):
    theirs = deployer("ec2")
    old = make_vpc(theirs, "stale-old")
    inject("stale=60")
    new = make_vpc(theirs, "stale-new")
    theirs.create_tags(Resources=[old], Tags=[{"Key": "Name", "Value": "stale-renamed"}])

    assert (named(theirs, "stale-new"), named(theirs, "stale-renamed")) == ([], [])
    assert named(theirs, "stale-old") == [old]
    assert code(theirs.describe_vpcs, VpcIds=[new]) == ("InvalidVpcID.NotFound", 400)
    assert named(ec2, "stale-new") == [new], "the lab's own calls see what there is"
    inject()
    assert (named(theirs, "stale-new"), named(theirs, "stale-old")) == ([new], [])


def test_what_was_deleted_is_seen_for_a_while_and_only_by_the_reads_that_were_chosen(
    inject, deployer
):
    theirs, group = deployer("ec2"), "stale-deleted"
    vpc = make_vpc(theirs, group)
    inject("stale=30@ec2:DescribeTags,ec2:DescribeSubnets")
    theirs.delete_vpc(VpcId=vpc)

    asked = [{"Name": "resource-id", "Values": [vpc]}]
    assert [each["Value"] for each in theirs.describe_tags(Filters=asked)["Tags"]] == [group]
    assert named(theirs, group) == []


def test_roles_are_stale_too_and_the_seconds_end_when_the_fault_does(inject, deployer):
    iam = deployer("iam")
    inject("stale=30@iam:*")
    iam.create_role(RoleName="stale", AssumeRolePolicyDocument=TRUST)

    assert code(iam.get_role, RoleName="stale") == ("NoSuchEntity", 404)
    inject()
    assert iam.get_role(RoleName="stale")["Role"]["RoleName"] == "stale"


def test_a_throttled_call_is_refused_in_the_words_of_its_service(inject, deployer):
    inject("throttle=always")

    assert code(deployer("ec2").describe_vpcs) == ("RequestLimitExceeded", 503)
    assert code(deployer("iam").list_roles) == ("Throttling", 400)
    assert code(deployer("ssm").describe_parameters) == ("ThrottlingException", 400)


def test_the_first_call_of_each_action_or_each_nth_is_struck(inject, deployer, endpoint):
    ec2 = deployer("ec2")

    def struck(*calls) -> list[bool]:
        def one(call) -> bool:
            try:
                call()
            except ClientError:
                return True
            return False

        return [one(call) for call in calls]

    vpcs, subnets = ec2.describe_vpcs, ec2.describe_subnets
    inject("throttle=first")
    assert struck(vpcs, vpcs, subnets, vpcs) == [True, False, True, False]
    inject("throttle=3")
    assert struck(vpcs, vpcs, subnets, vpcs) == [False, False, True, False]
    assert control.report(endpoint)["struck"] == {"throttle=3": 1}
    inject("throttle=1@ec2:DescribeSub*")
    assert struck(vpcs, subnets) == [False, True]


def test_a_share_of_calls_is_drawn_from_the_seed(inject, deployer):
    ec2 = deployer("ec2")

    def struck(seed: int) -> list[bool]:
        inject("throttle=40%", seed=seed)
        answers = []
        for _ in range(20):
            try:
                ec2.describe_vpcs()
            except ClientError:
                answers.append(True)
            else:
                answers.append(False)
        return answers

    first = struck(1)
    assert 2 < sum(first) < 14
    assert struck(1) == first
    assert struck(2) != first


def test_a_call_whose_reply_is_lost_has_been_done(inject, deployer, ec2):
    inject("lost=first")

    with pytest.raises(ConnectionClosedError):
        make_vpc(deployer("ec2"), "lost")

    assert len(named(ec2, "lost")) == 1


def test_a_client_that_repeats_a_lost_call_makes_the_thing_twice(inject, deployer, ec2):
    inject("lost=first@ec2:CreateVpc")
    make_vpc(deployer("ec2", attempts=2), "lost-twice")

    assert len(named(ec2, "lost-twice")) == 2


def test_a_permission_that_is_missing_is_named_with_who_lacks_it(inject, deployer):
    inject("deny=always@ec2:CreateVpc,iam:CreateRole,ssm:PutParameter")
    errors = {}
    for service, call, arguments in (
        ("ec2", "create_vpc", {"CidrBlock": "10.7.0.0/16"}),
        ("iam", "create_role", {"RoleName": "denied", "AssumeRolePolicyDocument": TRUST}),
        ("ssm", "put_parameter", {"Name": "/denied", "Value": "v", "Type": "String"}),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(deployer(service), call)(**arguments)
        errors[service] = caught.value.response["Error"]

    assert {service: error["Code"] for service, error in errors.items()} == {
        "ec2": "UnauthorizedOperation",
        "iam": "AccessDenied",
        "ssm": "AccessDeniedException",
    }
    for error, action in zip(
        errors.values(), ("ec2:CreateVpc", "iam:CreateRole", "ssm:PutParameter"), strict=True
    ):
        assert "user/deployer is not authorized to perform: " + action in error["Message"]


def test_the_labs_own_calls_are_never_struck(inject, endpoint, ec2):
    inject("throttle=always", "lost=always", "deny=always")

    vpc = make_vpc(ec2, "kind")
    assert named(ec2, "kind") == [vpc]
    assert client("ssm", endpoint, REGION).describe_parameters()["Parameters"] is not None


def test_the_actions_of_whoever_deploys_are_listed(inject, deployer, endpoint, ec2):
    inject()
    deployer("iam").list_roles()
    ec2.describe_vpcs()
    deployer("ssm").describe_parameters()

    assert control.report(endpoint)["seen"] == ["iam:ListRoles", "ssm:DescribeParameters"]


@pytest.mark.parametrize(
    "text",
    [
        *("stale=5", "stale=0.5@ec2:*", "throttle=30%@ec2:Create*,iam:*", "lost=first", "lost=7"),
        *("no-capacity=always", "address-taken=first", "no-capacity=2@ec2:RunInstances"),
        *("metadata-error=2", "metadata-error=30%", "metadata-error=always", "metadata-slow=0.5"),
    ],
)
def test_a_fault_is_written_as_it_is_read(text):
    assert str(Fault.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "stale", "stale=soon", "throttle=0%", "throttle=120%", "lost=0", "rot=1"),
        *("deny=first", "metadata-error=first", "metadata-error=0", "metadata-error=2@ec2:*"),
        *("metadata-slow=30%", "metadata-slow=3@ec2:*", "metadata=2"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_the_grammar(text):
    with refused("api-fault-malformed", UserError) as caught:
        Fault.parse(text)
    assert "throttle=WHEN" in str(caught.value)
