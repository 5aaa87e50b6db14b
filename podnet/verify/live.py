"""The node that the tags of an instance of a deployed stack make it."""

from __future__ import annotations

from ipaddress import IPv4Network

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing
from podnet.plan.tags import NETWORK, NODE, ROUTING
from podnet.verify.node import Node
from podnet.world.model import Eni, Instance


def node(instance: Instance, eni: Eni) -> Node:
    """A node with the routing assigned to it; raises `ValueError` where the tags make none."""
    return Node(
        instance.tags[NODE],
        eni,
        _plan(instance.tags[NETWORK]),
        Routing.parse(instance.tags[ROUTING]),
    )


def _plan(fingerprint: str) -> AddressPlan:
    """The address rule out of `Settings.fingerprint`."""
    vpc, pods, block, subnets, range_, *_ = fingerprint.split()
    lengths = (int(text.rpartition("/")[2]) for text in (block, subnets, range_))
    return AddressPlan(IPv4Network(vpc), IPv4Network(pods), *lengths)
