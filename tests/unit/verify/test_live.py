"""The nodes of a deployed stack, from the tags of its instances."""

from dataclasses import replace
from ipaddress import IPv4Network

from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.plan.tags import NETWORK, NODE, ROUTING, STACK
from podnet.verify import planned
from podnet.verify.subject import Subject

SETTINGS = Settings(
    zones=2,
    routing=RoutingMode.OVERLAY,
    vpc_cidr=IPv4Network("192.168.4.0/23"),
    subnet_prefix=24,
    node_range_prefix=27,
    pod_cidr=IPv4Network("10.64.0.0/12"),
    pod_block_prefix=22,
    vni=7,
)


def tagged(identity, **changes):
    """The planned world with the tags that a deployment gives to instances."""
    world = planned.world(SETTINGS)
    return replace(
        world,
        instances=tuple(
            replace(
                one,
                tags={
                    STACK: identity,
                    NODE: one.id,
                    NETWORK: SETTINGS.fingerprint,
                    ROUTING: SETTINGS.node_routing.tag(),
                },
                **changes,
            )
            for one in world.instances
        ),
    )


def nodes(world, identity):
    (vpc,) = world.vpcs
    return Subject(world=world, vpc=vpc, identity=identity, expected=()).nodes


def test_tags_give_the_nodes_that_settings_give():
    assert set(nodes(tagged("organization/podnet/dev"), "organization/podnet/dev")) == set(
        planned.nodes(SETTINGS)
    )


def test_other_stacks_and_instances_that_are_gone_are_no_nodes():
    assert nodes(tagged("organization/podnet/dev"), "organization/other/dev") == ()
    assert nodes(tagged("a/b/c", state="terminated"), "a/b/c") == ()


def test_a_stopped_instance_is_a_node():
    assert len(nodes(tagged("a/b/c", state="stopped"), "a/b/c")) == 4
