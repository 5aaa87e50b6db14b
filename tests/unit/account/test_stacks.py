"""A stack of an account, found by its tags and read into a world."""

import pytest

from podnet.account import stacks
from podnet.plan.tags import NETWORK, NODE, NODES, ROUTING, STACK
from podnet.verify.choice import subject
from tests.network_acls import deny_http
from tests.refusals import refused
from tests.unit.account.conftest import IDENTITY, REGION, Deployed, tags


def found(stack=None, vpc=None):
    return stacks.find(stack, vpc, REGION)


def proof(nodes=None, **which):
    one = found(**which)
    return subject(one.world, one.vpc, nodes).prove()


def test_what_the_program_makes_is_proved(dev):
    result = proof()

    assert result.failed == ()
    assert (result.holds, result.absent, result.unmodelled, result.beside) == (True, (), (), ())
    assert {str(verdict.source) for verdict in result.verdicts} == {
        "node-1 to node-3 (3)",
        "pods of node-1 to node-3 (3)",
    }


@pytest.mark.parametrize("name", ["dev", IDENTITY])
def test_a_stack_is_found_by_its_name_or_its_identity(dev, account, name):
    Deployed(account).deploy("organization/podnet/prod")

    one = found(name)

    assert (one.vpc.id, one.count, one.region) == (dev.vpc, 2, REGION)
    assert [vpc.id for vpc in one.world.vpcs] == [dev.vpc]


def test_one_of_several_stacks_has_to_be_named(dev, account):
    Deployed(account).deploy("organization/podnet/prod")

    with refused("stack-ambiguous") as caught:
        found()
    assert IDENTITY in str(caught.value)
    assert "organization/podnet/prod" in str(caught.value)


def test_one_name_in_two_projects_is_two_stacks(dev, account):
    Deployed(account).deploy("organization/other/dev")

    with refused("stack-ambiguous"):
        found("dev")
    assert found(IDENTITY).vpc.id == dev.vpc


def test_two_vpcs_with_the_same_tags_are_chosen_by_their_ids(dev, account):
    other = Deployed(account).deploy()

    with refused("vpc-ambiguous") as caught:
        found()
    assert dev.vpc in str(caught.value)
    assert other.vpc in str(caught.value)
    assert found(vpc=other.vpc).vpc.id == other.vpc
    assert proof(vpc=other.vpc).holds


def test_an_account_without_a_stack_is_refused(account):
    with refused("stacks-missing") as caught:
        found()
    assert REGION in str(caught.value)


@pytest.mark.parametrize("which", [{"stack": "prod"}, {"vpc": "vpc-1"}], ids=["stack", "vpc"])
def test_a_stack_that_is_not_there_is_refused_with_those_that_are(dev, which):
    with refused("stack-not-found") as caught:
        found(**which)
    assert IDENTITY in str(caught.value)


def test_a_node_without_an_instance_is_absent(dev, account):
    account.terminate_instances(InstanceIds=[dev.nodes["node-2"]])

    result = proof()

    assert result.absent == ("node-2",)
    assert not result.holds


def test_an_instance_without_tags_is_a_host_and_its_node_absent(dev):
    dev.untag("node-2", STACK, NODE, NETWORK, ROUTING)

    result = proof()

    assert result.absent == ("node-2",)
    assert {str(verdict.source) for verdict in result.verdicts} == {
        "node-1 to node-3 (2)",
        "pods of node-1 to node-3 (2)",
    }


@pytest.mark.parametrize("key", [NODE, NETWORK, ROUTING])
def test_an_instance_without_one_of_the_tags_is_named(dev, key):
    dev.untag("node-2", key)

    result = proof()

    instance = dev.nodes["node-2"]
    assert result.unmodelled == (f"{instance} has the tag {STACK} and lacks {key}",)
    assert result.absent == ("node-2",)


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        (ROUTING, "by-owl", "by-owl"),
        (NETWORK, "192.168.1.0/24", ""),
        (NETWORK, "x 10.1.0.0/16 /24 subnets=/24 nodes=/24", "'x'"),
        (NETWORK, "10.0.0.0/24 10.1.0.0/16 /24 subnets=/24 nodes=/24", "192.168.1.12"),
        (NODE, "node-1", "is node-1, as is"),
    ],
    ids=["routing", "short rule", "no range", "other range", "the name of another"],
)
def test_an_instance_whose_tags_do_not_fit_it_is_named(dev, account, key, value, what):
    tags(account, dev.nodes["node-2"], {key: value})

    result = proof()

    assert len(result.unmodelled) == 1
    assert what in result.unmodelled[0]
    assert not result.holds


def test_nodes_of_a_vpc_that_says_nothing_of_them_are_given_by_hand(dev, account):
    account.delete_tags(Resources=[dev.vpc], Tags=[{"Key": NODES}])

    with refused("nodes-unsaid"):
        proof()
    assert proof("1-3").holds
    assert proof("1-4").absent == ("node-4",)


@pytest.mark.parametrize("text", ["none", "3-1", "0", "node-1", "1,2", "1-", ""])
def test_what_names_no_nodes_is_refused(dev, account, text):
    tags(account, dev.vpc, {NODES: text or " "})
    with refused("nodes-malformed") as caught:
        proof()
    assert dev.vpc in str(caught.value)


def test_a_rule_of_an_acl_on_the_nodes_subnet_fails_and_an_endpoint_beside_them_does_not(
    dev, account
):
    account.create_vpc_endpoint(VpcId=dev.vpc, ServiceName="com.amazonaws.eu-central-1.s3")
    beside = proof()
    acl = deny_http(account, dev.vpc)
    changed = proof()

    assert beside.holds
    assert "is a VPC endpoint" in beside.beside[0]
    assert not changed.holds
    assert acl in changed.failed[0].failure.reason


def test_a_route_that_leads_in_a_circle_is_reported(dev, account):
    eni = account.describe_instances(InstanceIds=[dev.nodes["node-1"]])["Reservations"][0][
        "Instances"
    ][0]["NetworkInterfaces"][0]["NetworkInterfaceId"]
    account.replace_route(
        RouteTableId=dev.table, DestinationCidrBlock="10.1.2.0/24", NetworkInterfaceId=eni
    )

    result = proof()

    causes = {(str(each.source), each.failure.cause) for each in result.failed}
    assert ("node-1 to node-3 (3)", "loop") in causes
