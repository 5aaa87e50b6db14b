"""A world as a file: read back exactly, or refused with a sentence."""

import json
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.verify import planned
from podnet.world import saved
from podnet.world.model import (
    Eni,
    Gateway,
    Instance,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    Subnet,
    Unmodelled,
    Vpc,
    World,
)
from tests import refusals


@contextmanager
def refused(rule, contains=""):
    """Expect a refusal that names the place."""
    with refusals.refused(rule) as caught:
        yield
    assert contains in str(caught.value)


IDS = some.text(min_size=1, max_size=12)
TEXTS = some.text(max_size=12)
PORTS = some.none() | some.integers(-1, 65535)
ADDRESSES = some.ip_addresses(v=4)
RANGES = some.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    ADDRESSES,
    some.integers(0, 32),
)
TAGS = some.dictionaries(TEXTS, TEXTS, max_size=3)


def many(strategy):
    """A tuple of resources with ids of their own."""
    return some.lists(strategy, max_size=3, unique_by=lambda one: one.id).map(tuple)


def texts():
    return some.lists(IDS, max_size=3).map(tuple)


def of(kind, **fields):
    """Values of a class: its fields by their annotation, but for these."""
    plain = {
        "str": TEXTS,
        "bool": some.booleans(),
        "int": some.integers(),
        "str | None": some.none() | TEXTS,
    }
    rest = {
        name: plain[each.type]
        for name, each in kind.__dataclass_fields__.items()
        if name not in fields and each.type in plain
    }
    return some.builds(kind, **{**rest, "id": IDS, **fields})


RULES = of(SecurityRule, from_port=PORTS, to_port=PORTS, peer=RANGES | IDS)
ROUTES = some.builds(Route, destination=RANGES, target=IDS)
VPC, SUBNET = some.just("vpc-1"), some.just("subnet-1")


@some.composite
def worlds(draw):
    """Worlds of one VPC whose resources name each other as EC2's do."""
    network = draw(RANGES)
    table = of(RouteTable, vpc_id=VPC, subnet_ids=texts(), routes=some.lists(ROUTES).map(tuple))
    main = RouteTable(id="main", vpc_id="vpc-1", main=True)
    vpc = of(Vpc, id=VPC, cidr=RANGES, secondary=some.lists(RANGES).map(tuple), tags=TAGS)
    eni = of(
        Eni,
        vpc_id=VPC,
        subnet_id=SUBNET,
        address=ADDRESSES,
        public_address=some.none() | ADDRESSES,
        group_ids=texts(),
    )
    group = of(SecurityGroup, vpc_id=VPC, rules=many(RULES))
    return World(
        vpcs=(draw(vpc),),
        subnets=(Subnet(id="subnet-1", vpc_id="vpc-1", cidr=network, zone="z"),),
        route_tables=(main, *(one for one in draw(many(table)) if one.id != "main")),
        gateways=draw(many(of(Gateway, vpc_id=some.none() | IDS))),
        security_groups=draw(many(group)),
        enis=draw(many(eni)),
        instances=draw(many(of(Instance, eni_ids=texts(), tags=TAGS))),
        unmodelled=draw(many(of(Unmodelled, touches=texts()))),
    )


@settings(deadline=None, max_examples=60)
@given(world=worlds())
def test_a_world_is_read_back_as_it_was(world):
    assert saved.loads(saved.dumps(world), "world.json") == world


@pytest.mark.parametrize("mode", [RoutingMode.VPC_ROUTES, RoutingMode.OVERLAY])
def test_a_planned_world_goes_through_a_file(mode, tmp_path):
    world = planned.world(Settings(node_count=3, routing=mode))
    path = tmp_path / "world.json"

    saved.save(world, path)

    assert saved.load(path) == world


WORLD = planned.world(Settings(node_count=1))


def document():
    return json.loads(saved.dumps(WORLD))


def test_every_prefix_of_a_file_is_refused():
    text = saved.dumps(WORLD)
    for length in range(0, len(text) - 2, 97):
        with refused("world-file-not-json", contains="cut off"):
            saved.loads(text[:length], "world.json")


@pytest.mark.parametrize(
    "text",
    ["[]", "null", "1", '"podnet-world"', "{}", '{"format": "kubeconfig", "version": 1}'],
)
def test_json_of_something_else_is_refused(text):
    with refused("world-file-of-others"):
        saved.loads(text, "world.json")


def test_nesting_without_end_is_refused():
    with refused("world-file-not-json"):
        saved.loads("[" * 200_000, "world.json")


@pytest.mark.parametrize("version", [2, 0, "1", None, True, 1.0])
def test_another_version_is_refused(version):
    with refused("world-file-version", contains=json.dumps(version)):
        saved.loads(json.dumps(document() | {"version": version}), "world.json")


def changed(path, value):
    """The document with one value changed; `...` removes it."""
    found = whole = document()
    *way, last = path
    for each in way:
        found = found[each]
    if value is ...:
        del found[last]
    else:
        found[last] = value
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        (["world"], ..., "world is NoneType instead of dict"),
        (["world", "vpcs"], ..., "world lacks vpcs"),
        (["world", "vpcs"], {}, "world.vpcs is dict instead of list"),
        (["world", "lakes"], [], "world has lakes, which this podnet does not know"),
        (["world", "vpcs", 0, "cidr"], ["10.0.0.0/33"], "world.vpcs[0].cidr: '10.0.0.0/33'"),
        (["world", "vpcs", 0, "cidr"], [], "world.vpcs[0].cidr has 0 IPv4 values"),
        (["world", "enis", 0, "address"], ["10.0.0.0/24"], "world.enis[0].address: "),
        (["world", "enis", 0, "source_dest_check"], 0, "is int instead of bool"),
        (["world", "instances", 0, "hop_limit"], True, "is bool instead of int"),
        (["world", "instances", 0, "tags"], {"a": 1}, "world.instances[0].tags.a is int"),
        (["world", "security_groups", 0, "rules", 0, "peer"], {}, "neither a range nor a group"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_whole_world_is_refused_with_its_place(path, value, what):
    with refused("world-file-malformed", contains=what):
        saved.loads(changed(path, value), "world.json")


def test_ranges_of_the_other_family_fit_the_format_and_are_refused_by_name():
    both = ["192.168.1.0/24", str(IPv6Network("2001:db8::/56"))]
    with refused("world-file-malformed", contains="2001:db8::/56, and this podnet proves IPv4"):
        saved.loads(changed(["world", "vpcs", 0, "cidr"], both), "world.json")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"vpcs": ()}, "is in VPC the VPC, which it lacks"),
        ({"subnets": ()}, "is in subnet subnet a, which it lacks"),
        ({"route_tables": ()}, "VPC the VPC has no main route table"),
        ({"enis": (*WORLD.enis, *WORLD.enis)}, "it has two enis"),
    ],
    ids=["vpc", "subnet", "main table", "twice"],
)
def test_a_world_that_names_what_it_lacks_is_refused(changes, what):
    with refused("world-file-inconsistent", contains=what):
        saved.loads(saved.dumps(replace(WORLD, **changes)), "world.json")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "latin.json").write_bytes(b"\xff\xfe")
    for name in ("none.json", "", "latin.json"):
        with refused("world-file-unreadable"):
            saved.load(tmp_path / name)


def test_each_value_of_an_address_is_a_list_of_any_family():
    world = replace(WORLD, enis=(replace(WORLD.enis[0], address=IPv4Address("192.0.2.1")),))

    (eni,) = json.loads(saved.dumps(world))["world"]["enis"]

    assert eni["address"] == ["192.0.2.1"]
