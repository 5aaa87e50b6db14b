"""Quotas are one number each: answered, enforced and documented."""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import ClientError

from podnet.lab.clients import client
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.refusals.routes import destination_is_new_to_the_table
from podnet.lab.home import PROJECT
from podnet.lab.providers.aws import AwsProvider
from podnet.plan.quotas import quota, vcpus
from podnet.plan.quotas.table import DEFAULT_ROUTES
from tests.unit.lab.cloud.api.test_refusals import refused
from tests.unit.lab.cloud.conftest import REGION
from tests.unit.lab.providers.aws.samples import READING

STANDARD = vcpus.quota_of("t3.small")
ASKED = [
    each
    for each in (*vars(quota).values(), *dict.fromkeys(vcpus.QUOTAS.values()))
    if isinstance(each, quota.Quota) and each.code
]
GRANTED = {STANDARD: 1024, quota.VPCS: 100}
ELSEWHERE = "ca-central-1"
"""A region in which no other test has anything."""


@pytest.fixture(scope="module")
def quotas(endpoint):
    return client("service-quotas", endpoint, REGION)


@pytest.mark.parametrize("wanted", ASKED, ids=lambda each: each.code)
def test_a_quota_of_the_plan_is_answered_by_both_calls_and_to_the_program(endpoint, quotas, wanted):
    asked = {"ServiceCode": wanted.service, "QuotaCode": wanted.code}
    default = quotas.get_aws_default_service_quota(**asked)["Quota"]
    own = quotas.get_service_quota(**asked)["Quota"]
    program = AwsProvider(endpoint, REGION).invoke(
        "aws:servicequotas/getServiceQuota:getServiceQuota",
        {"serviceCode": wanted.service, "quotaCode": wanted.code},
    )
    granted = GRANTED.get(wanted, wanted.default)
    place = f"{wanted.service}/{wanted.code}"

    assert (default["Value"], own["Value"], program["value"]) == (wanted.default, granted, granted)
    assert default["QuotaArn"] == f"arn:aws:servicequotas:{REGION}::{place}"
    assert own["QuotaArn"] == f"arn:aws:servicequotas:{REGION}:123456789012:{place}"


def test_a_quota_that_does_not_exist_is_refused(quotas):
    for call in (quotas.get_aws_default_service_quota, quotas.get_service_quota):
        with pytest.raises(ClientError) as caught:
            call(ServiceCode="vpc", QuotaCode="L-0")

        assert caught.value.response["Error"]["Code"] == "NoSuchResourceException"


class OneTable:
    """EC2 with one table that holds so many routes."""

    def __init__(self, routes: int) -> None:
        self.routes = [{"DestinationCidrBlock": f"10.0.{n}.0/32"} for n in range(routes)]

    def describe_route_tables(self, **_):
        return {"RouteTables": [{"VpcId": "vpc-1", "Routes": self.routes}]}


def test_a_table_takes_as_many_routes_as_the_quota_and_no_more():
    given = {"RouteTableId": "rtb-1", "DestinationCidrBlock": "10.9.0.0/24"}
    call = Call("ec2", REGION, "CreateRoute", given)

    destination_is_new_to_the_table(call, OneTable(quota.ROUTES.default - 1))
    with pytest.raises(ApiError) as caught:
        destination_is_new_to_the_table(call, OneTable(quota.ROUTES.default))

    assert caught.value.code == "RouteLimitExceeded"


@pytest.fixture
def ec2(endpoint):
    return client("ec2", endpoint, ELSEWHERE)


@pytest.fixture
def network(ec2):
    """A VPC with a subnet, and nothing of it left afterwards."""
    vpc = ec2.create_vpc(CidrBlock="172.20.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(
        VpcId=vpc, CidrBlock="172.20.0.0/16", AvailabilityZone=f"{ELSEWHERE}a"
    )["Subnet"]["SubnetId"]
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    yield vpc, subnet
    found = ec2.describe_instances(Filters=of_vpc)["Reservations"]
    for instance in (one["InstanceId"] for each in found for one in each["Instances"]):
        ec2.terminate_instances(InstanceIds=[instance])
    ec2.delete_subnet(SubnetId=subnet)
    for group in ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]:
        if group["GroupName"] != "default":
            ec2.delete_security_group(GroupId=group["GroupId"])
    ec2.delete_vpc(VpcId=vpc)


@pytest.fixture
def launch(ec2, network):
    image = ec2.describe_images()["Images"][0]["ImageId"]

    def run(kind, count=1, **more):
        made = ec2.run_instances(
            ImageId=image,
            InstanceType=kind,
            MinCount=count,
            MaxCount=count,
            SubnetId=network[1],
            **more,
        )
        return [one["InstanceId"] for one in made["Instances"]]

    return run


def test_vcpus_of_a_group_of_families_are_limited(ec2, launch):
    (large,) = launch("m5.24xlarge")
    launch("m5.24xlarge", 9)
    launch("c5.9xlarge", 1)
    launch("t3.small", 14)

    with refused("VcpuLimitExceeded", "current vCPU limit of 1024 allows"):
        launch("t2.micro")
    with refused("VcpuLimitExceeded", "current vCPU limit of 0 allows"):
        launch("g4dn.xlarge")
    ec2.stop_instances(InstanceIds=[large])
    launch("t2.micro")
    with refused("VcpuLimitExceeded"):
        ec2.start_instances(InstanceIds=[large])


def test_a_region_has_so_many_vpcs(ec2):
    there = len(ec2.describe_vpcs()["Vpcs"])
    made = [
        ec2.create_vpc(CidrBlock="172.21.0.0/24")["Vpc"]["VpcId"]
        for _ in range(GRANTED[quota.VPCS] - there)
    ]

    with refused("VpcLimitExceeded", "maximum number of VPCs"):
        ec2.create_vpc(CidrBlock="172.21.0.0/24")
    for vpc in made:
        ec2.delete_vpc(VpcId=vpc)


def test_an_interface_is_in_so_many_groups(ec2, network, launch):
    groups = [
        ec2.create_security_group(GroupName=str(n), Description="d", VpcId=network[0])["GroupId"]
        for n in range(quota.GROUPS.default + 1)
    ]
    (instance,) = launch("t3.small", SecurityGroupIds=groups[1:])
    found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    interface = found["NetworkInterfaces"][0]["NetworkInterfaceId"]

    with refused("SecurityGroupsPerInstanceLimitExceeded"):
        launch("t3.small", SecurityGroupIds=groups)
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        ec2.create_network_interface(SubnetId=network[1], Groups=groups)
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)


def test_a_group_has_so_many_rules_and_a_vpc_so_many_ranges(ec2, network):
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=network[0])["GroupId"]

    def let_in(count):
        peers = [{"CidrIp": f"198.51.{n}.0/24"} for n in range(count)]
        ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": peers}],
        )

    with refused("RulesPerSecurityGroupLimitExceeded"):
        let_in(quota.RULES.default + 1)
    let_in(quota.RULES.default)
    for number in range(1, quota.RANGES.default):
        ec2.associate_vpc_cidr_block(VpcId=network[0], CidrBlock=f"172.2{number}.0.0/16")
    with refused("CidrLimitExceeded"):
        ec2.associate_vpc_cidr_block(VpcId=network[0], CidrBlock="172.29.0.0/16")


def test_a_role_has_so_many_policies(endpoint):
    iam = client("iam", endpoint, REGION)
    iam.create_role(RoleName="full", AssumeRolePolicyDocument="{}")
    policies = [
        iam.create_policy(PolicyName=f"p{n}", PolicyDocument=READING)["Policy"]["Arn"]
        for n in range(quota.POLICIES.default + 1)
    ]
    for policy in policies[:-1]:
        iam.attach_role_policy(RoleName="full", PolicyArn=policy)
    iam.attach_role_policy(RoleName="full", PolicyArn=policies[0])

    with refused("LimitExceeded", "PoliciesPerRole: 10"):
        iam.attach_role_policy(RoleName="full", PolicyArn=policies[-1])
    for policy in policies[:-1]:
        iam.detach_role_policy(RoleName="full", PolicyArn=policy)
    iam.delete_role(RoleName="full")


def test_documents_give_the_quotas_of_the_plan():
    operating = (PROJECT / "docs/operating.md").read_text().replace("\n", " ")
    readme = (PROJECT / "README.md").read_text()
    sample = (PROJECT / "stacks/Pulumi.prod.yaml").read_text().replace("\n# ", " ")
    shown = dict(re.findall(r"\| `(?:vpc|ec2|iam)/(L-[0-9A-F]{8})` \| ([\d,]+) \|", operating))

    assert shown == {each.code: f"{each.default:,}" for each in ASKED}
    assert re.findall(r"at most ([\d,]+) on request", operating) == [f"{quota.ROUTES.most:,}"]
    nodes = str(quota.ROUTES.default - DEFAULT_ROUTES)
    assert re.findall(r"route quota: (\d+) nodes by default", readme) == [nodes]
    assert re.findall(r"(\d+) nodes at AWS's default quota", sample) == [nodes]
