"""What the API says: the world, the proof of it, and the answers as they came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from podnet.bundle.archive import Archive
from podnet.system.deadline import within
from podnet.verify.choice import choose, subject
from podnet.world import saved
from podnet.world.model import World
from podnet.world.reader.calls import FILTERS, Api, Client
from podnet.world.reader.read import read

SECONDS = 60.0
"""For one call with all its pages."""
CALLS = (
    ("describe_vpcs", "Vpcs"),
    ("describe_subnets", "Subnets"),
    ("describe_route_tables", "RouteTables"),
    ("describe_internet_gateways", "InternetGateways"),
    ("describe_network_interfaces", "NetworkInterfaces"),
    ("describe_security_groups", "SecurityGroups"),
    ("describe_security_group_rules", "SecurityGroupRules"),
    ("describe_network_acls", "NetworkAcls"),
    ("describe_instances", "Reservations"),
    ("describe_instance_status", "InstanceStatuses"),
    ("describe_addresses", "Addresses"),
)
"""None of them returns user data (EC2 API Reference, DescribeInstanceAttribute alone does)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """Whose answers are collected."""

    ec2: Client
    identity: str
    place: str
    """Where that is, in words."""
    vpc_id: str | None = None
    """The VPC; None for all of the region, as in a lab, which has no others."""
    why_dead: str | None = None
    """Why the API cannot be asked."""


def collect(archive: Archive, described: Described) -> World | None:
    """Add everything; only the names and the reason where the API does not answer."""
    what = "the VPCs; `podnet verify --file` reads it"
    proof = "the verdict on every kind of packet, as `podnet verify --json` prints it"
    calls = [each for each in CALLS if described.vpc_id is None or each[0] in (*FILTERS, RULES)]
    if described.why_dead:
        archive.lacks("api/world.json", what, described.why_dead)
        archive.lacks("proof.json", proof, described.why_dead)
        for call, _ in calls:
            archive.lacks(f"api/{call}.json", f"EC2's {call}", described.why_dead)
        return None
    world: list[World] = []

    def saved_world() -> str:
        world.append(within(SECONDS, lambda: read(described.ec2, described.vpc_id)))
        return saved.dumps(world[0])

    archive.attempt("api/world.json", what, saved_world)
    archive.attempt("proof.json", proof, lambda: _proof(described, world[0] if world else None))
    for call, key in calls:
        get = partial(_answer, described, call, key, world)
        archive.attempt(f"api/{call}.json", f"EC2's {call}", get)
    return world[0] if world else None


RULES = "describe_security_group_rules"


def _answer(described: Described, call: str, key: str, world: list[World]) -> object:
    api = Api(described.ec2, described.vpc_id)
    groups = [group.id for group in world[0].security_groups] if world else []

    def rules() -> object:
        return {key: list(api.group_rules(groups))}

    def listing() -> object:
        return {key: api.all(call, key)}

    get: Callable[[], object] = rules if call == RULES else listing
    return within(SECONDS, get)


def _proof(described: Described, world: World | None) -> object:
    if world is None:
        raise LookupError("the world could not be read")
    vpc = choose(world.vpcs, described.identity, described.vpc_id, described.place)
    return subject(world, vpc, None).prove().to_json()
