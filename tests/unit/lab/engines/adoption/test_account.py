"""Every type that the program makes is found again by what it is, and by nothing less."""

from __future__ import annotations

import re
from pathlib import Path

import pulumi
import pulumi_aws
import pytest

from podnet.lab.engines.adoption import Account, Found
from podnet.lab.engines.adoption.account import FINDERS, NOTHING_OF_ITS_OWN
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.conftest import (  # noqa: F401  # fixtures
    REGION,
    ec2,
    endpoint,
    iam,
    image,
    policy,
    provider,
    stack,
    world,
)

ROOT = Path(__file__).parents[5]
FOUND = [sample for sample in samples.SAMPLES if sample.type not in NOTHING_OF_ITS_OWN]
TAGGED = [
    samples.VPC,
    samples.SUBNET,
    samples.GATEWAY,
    samples.TABLE,
    samples.GROUP,
    samples.INSTANCE,
    samples.ROLE,
    samples.PROFILE,
    samples.PARAMETER,
    samples.FLOW_LOG,
    samples.LOG_GROUP,
]
"""What others may have as well; only the stack's tags distinguish it."""


@pytest.fixture
def account(endpoint):  # noqa: F811  # a fixture
    return Account(endpoint, REGION)


def made_by_the_program():
    """The types of all AWS resources that a component makes."""
    for file in (ROOT / "components").glob("*.py"):
        for module, name in re.findall(r"\baws\.(\w+)\.([A-Z]\w+)\(", file.read_text()):
            kind = getattr(getattr(pulumi_aws, module), name)
            if issubclass(kind, pulumi.CustomResource):
                yield kind.pulumi_type


def inputs_of(sample, world):  # noqa: F811  # a fixture
    inputs = sample.inputs(world)
    if sample.type == samples.PARAMETER:
        inputs |= {"name": "/podnet/test/found"}
    return inputs


def test_there_is_a_rule_for_every_type_that_the_program_makes():
    types = set(made_by_the_program())

    assert len(types) > 10
    assert types <= FINDERS.keys() | NOTHING_OF_ITS_OWN
    assert not FINDERS.keys() & NOTHING_OF_ITS_OWN


@pytest.mark.parametrize("sample", FOUND, ids=lambda sample: sample.type)
def test_what_a_creation_made_is_found_unless_a_state_has_it(account, sample, stack, world):  # noqa: F811  # a fixture
    inputs = inputs_of(sample, world)
    made = stack.make(sample.type, **inputs)
    found = account.find(sample.type, made.name, made.inputs, ())

    assert found is not None
    assert found.id == made.id
    assert account.find(sample.type, made.name, made.inputs, {made.id}) is None


@pytest.mark.parametrize("sample", FOUND, ids=lambda sample: sample.type)
def test_nothing_is_found_of_a_creation_that_made_nothing(account, sample, provider, world):  # noqa: F811  # a fixture
    inputs = provider.check(sample.type, inputs_of(sample, world))

    assert account.find(sample.type, "one", inputs, ()) is None


@pytest.mark.parametrize(
    "sample", [each for each in FOUND if each.type in TAGGED], ids=lambda sample: sample.type
)
def test_what_bears_the_tag_of_another_stack_is_not_taken(account, sample, stack, world):  # noqa: F811  # a fixture
    made = stack.make(sample.type, **inputs_of(sample, world))
    other = {**made.inputs, "tags": {**made.inputs["tags"], "podnet:stack": "other"}}

    assert account.find(sample.type, "one", other, ()) is None


def test_a_vpc_in_use_is_somebody_elses(account, stack):  # noqa: F811  # a fixture
    vpc = stack.make(samples.VPC, cidrBlock="10.9.0.0/16", tags=samples.TAGS)
    stack.make(samples.SUBNET, vpcId=vpc.id, cidrBlock="10.9.1.0/24")

    assert account.find(samples.VPC, "network", vpc.inputs, ()) is None
    assert account.occupied(samples.VPC, vpc.inputs, ()) == [vpc.id]
    assert account.occupied(samples.VPC, vpc.inputs, {vpc.id}) == []
    assert account.occupied(samples.SUBNET, vpc.inputs, ()) == []


def test_a_role_in_use_may_be_that_of_another_region(account, stack):  # noqa: F811  # a fixture
    role = stack.make(samples.ROLE, assumeRolePolicy=samples.TRUST, tags=samples.TAGS)
    stack.make(samples.PROFILE, role=role.id, tags=samples.TAGS)

    assert account.find(samples.ROLE, "one", role.inputs, ()) is None


def test_a_group_that_was_found_lets_nothing_out_any_more(account, ec2, world):  # noqa: F811  # a fixture
    group = ec2.create_security_group(GroupName="new", Description="new", VpcId=world.vpc.id)
    id_ = group["GroupId"]

    def rules():
        filters = [{"Name": "group-id", "Values": [id_]}]
        return ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]

    assert len(rules()) == 1
    account.finish(samples.GROUP, Found(id=id_))
    assert rules() == []
    account.finish(samples.GROUP, Found(id=id_))
    ec2.delete_security_group(GroupId=id_)


def test_a_route_that_leads_elsewhere_is_left_to_its_owner(account, stack, world):  # noqa: F811  # a fixture
    gateway = stack.make(samples.GATEWAY, vpcId=world.vpc.id, tags=samples.TAGS)
    route = stack.make(
        samples.ROUTE,
        routeTableId=world.table.id,
        destinationCidrBlock="10.77.0.0/16",
        gatewayId=gateway.id,
    )
    wanted = {
        "routeTableId": world.table.id,
        "destinationCidrBlock": "10.77.0.0/16",
        "networkInterfaceId": world.instance["primaryNetworkInterfaceId"],
    }

    assert account.find(samples.ROUTE, "one", wanted, ()) is None
    assert account.find(samples.ROUTE, "one", route.inputs, ()) is not None


def test_an_instance_of_another_subnet_is_not_the_node(account, stack, world):  # noqa: F811  # a fixture
    inputs = samples.instance(world, "192.168.1.50") | {"tags": samples.TAGS}
    made = stack.make(samples.INSTANCE, **inputs)
    elsewhere = {**made.inputs, "subnetId": world.other_subnet.id}

    assert account.find(samples.INSTANCE, "one", made.inputs, ()) is not None
    assert account.find(samples.INSTANCE, "one", elsewhere, ()) is None


def test_what_was_made_twice_is_unused_and_what_somebody_uses_is_not(account, stack):  # noqa: F811  # a fixture
    ours = {"Name": "x", "podnet:stack": "leftovers"}
    mine = stack.make(samples.VPC, cidrBlock="10.9.0.0/16", tags=ours)
    twice = stack.make(samples.VPC, cidrBlock="10.9.0.0/16", tags=ours)
    used = stack.make(samples.VPC, cidrBlock="10.9.0.0/16", tags=ours)
    subnet = stack.make(samples.SUBNET, vpcId=used.id, cidrBlock="10.9.1.0/24", tags=ours)
    gateway = stack.make(samples.GATEWAY, vpcId=mine.id, tags=ours)
    loose = stack.make(samples.GATEWAY, tags=ours)
    table = stack.make(samples.TABLE, vpcId=mine.id, tags=ours)
    inside = stack.make(samples.SUBNET, vpcId=mine.id, cidrBlock="10.9.2.0/24", tags=ours)
    theirs = stack.make(samples.TABLE, vpcId=used.id, tags=ours)
    recorded = {samples.VPC: {mine.id}, samples.GATEWAY: {gateway.id}}
    found = {each.id: each for each in account.leftovers({"leftovers"}, recorded)}

    assert found.keys() == {twice.id, used.id, loose.id, table.id, inside.id}
    assert {id_ for id_, each in found.items() if each.unused} == {twice.id, loose.id, table.id}
    assert f"aws ec2 delete-vpc --vpc-id {used.id}" in found[used.id].text
    for id_ in (twice.id, loose.id, table.id):
        account.delete(found[id_])
    left = {each.id for each in account.leftovers({"leftovers"}, recorded)}
    assert left == {used.id, inside.id}
    assert (subnet.read(), theirs.read()) != (None, None)
