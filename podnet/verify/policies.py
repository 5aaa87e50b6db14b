"""Rules that the resources of a plan must keep one by one: what the policy pack checks.

A proof says whether packets arrive; these say what may not be there although packets arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, NamedTuple

from podnet.plan.tags import NETWORK, NODE, ROUTING, STACK
from podnet.verify.security_groups import LAST_PORT, NUMBERS, WITHOUT_PORTS
from podnet.world.plan.file import UNKNOWN, Planned, of_types
from podnet.world.plan.instances import tags_of
from podnet.world.plan.references import NotModelledError, References
from podnet.world.plan.types import GROUP, INGRESS, INSTANCE, RANGE, ROUTE, TABLE, TAG, VPC

ENCAPSULATION_PORTS = (4789, 8472)
"""Of VXLAN: IANA's, and the Linux kernel's, which podnet and Flannel take by default."""
WIDEST = {4: 8, 6: 16}
"""The shortest prefix of a range that is not the world, by IP version."""
LEGACY_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
VOLUME = "aws:ebs/volume:Volume"


class Breach(NamedTuple):
    """A resource that breaks a rule, with the reason and the way out."""

    resource: Planned
    message: str


Broken = Iterator[Breach]


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A rule over the resources of a plan."""

    name: str
    description: str
    check: Callable[[Sequence[Planned]], Broken]
    is_of_one: bool
    """Whether a resource keeps it by its own inputs, whatever else is in the plan."""


def check_metadata(resources: Sequence[Planned]) -> Broken:
    """Instances answer for credentials with a token only, and no further than themselves."""
    for one in of_types(tuple(resources), INSTANCE):
        options = one.inputs.get("metadataOptions") or {}
        if not isinstance(options, Mapping) or options.get("httpEndpoint") == "disabled":
            continue
        tokens, hops = options.get("httpTokens"), options.get("httpPutResponseHopLimit")
        if tokens not in ("required", UNKNOWN):
            yield Breach(
                one,
                f"metadataOptions.httpTokens is {tokens}, so any request from the instance is "
                "answered (IMDSv1); set it to required",
            )
        if hops not in (1, UNKNOWN):
            yield Breach(
                one,
                f"metadataOptions.httpPutResponseHopLimit is {hops}, and pods are one hop "
                "further than the node: they could ask for its credentials; set it to 1",
            )


def check_disks(resources: Sequence[Planned]) -> Broken:
    """Every volume is encrypted."""
    for one in of_types(tuple(resources), INSTANCE):
        root = one.inputs.get("rootBlockDevice") or {}
        more = one.inputs.get("ebsBlockDevices") or []
        for name, device in (("rootBlockDevice", root), *(("ebsBlockDevices", d) for d in more)):
            if isinstance(device, Mapping) and device.get("encrypted") not in (True, UNKNOWN):
                yield Breach(one, f"{name} is not encrypted; set encrypted to true")
    for one in of_types(tuple(resources), VOLUME):
        if one.inputs.get("encrypted") not in (True, UNKNOWN):
            yield Breach(one, "it is not encrypted; set encrypted to true")


def check_inline(resources: Sequence[Planned]) -> Broken:
    """The stack's tables and groups have no entries of their own, which remove all others.

    hashicorp/terraform-provider-aws, website/docs/r/route_table.html.markdown and
    security_group.html.markdown: in-line entries conflict with standalone ones.
    """
    for type_, names, alone in (
        (TABLE, ("routes",), "aws.ec2.Route"),
        (GROUP, ("ingress", "egress"), "aws.vpc.SecurityGroupIngressRule and EgressRule"),
    ):
        for one in of_types(tuple(resources), type_):
            if STACK in tags_of(one):
                for name in (name for name in names if one.inputs.get(name)):
                    yield Breach(
                        one,
                        f"its own {name} remove those that stand alone, pods' among them; make "
                        f"them {alone}",
                    )


def check_source_dest(resources: Sequence[Planned]) -> Broken:
    """The check is off on the nodes and on what routes lead to, and on nothing else."""
    targets, refs = set(), References(resources)
    for route in of_types(tuple(resources), ROUTE):
        target = _instance(route, refs)
        if target:
            targets.add(target.urn)
    for one in of_types(tuple(resources), INSTANCE):
        is_off = one.inputs.get("sourceDestCheck", True) is False
        is_node = NODE in tags_of(one)
        if not is_off and (is_node or one.urn in targets):
            why = "a route leads to it" if one.urn in targets else "it is a node"
            yield Breach(
                one,
                f"{why}, and its check of source and destination drops packets of pods; set "
                "source_dest_check=False",
            )
        if is_off and not is_node and one.urn not in targets:
            yield Breach(
                one,
                "no route leads to it, and without the check of source and destination it may "
                "send under any address; leave source_dest_check out",
            )


def check_ranges(resources: Sequence[Planned]) -> Broken:
    """No range of a VPC holds addresses of pods: inside them a VPC routes by `local` alone."""
    pods = {
        IPv4Network(tags_of(one)[NETWORK].split()[1])
        for one in of_types(tuple(resources), INSTANCE)
        if len(tags_of(one).get(NETWORK, "").split()) > 1
    }
    for one in of_types(tuple(resources), VPC, RANGE):
        held = _range(one.known("cidrBlock"))
        for each in sorted(pods):
            if isinstance(held, IPv4Network) and held.overlaps(each):
                yield Breach(
                    one,
                    f"{held} overlaps the pod range {each}, and no route reaches into a "
                    'range of its VPC (VPC User Guide, "Route priority"); choose another range',
                )


def check_encapsulation(resources: Sequence[Planned]) -> Broken:
    """No rule opens the encapsulation to the world: neither VXLAN nor GRE asks who somebody is."""
    ports = {*ENCAPSULATION_PORTS, *_own_ports(resources)}
    for one in of_types(tuple(resources), INGRESS, LEGACY_RULE, GROUP):
        for protocol, first, last, peer in _openings(one):
            hit = sorted(port for port in ports if first <= port <= last)
            wide = _range(peer)
            is_hit = protocol == "gre" or (protocol in ("udp", "-1") and hit)
            if is_hit and wide and _is_world(wide):
                listed = "GRE" if protocol == "gre" else f"UDP port {' and '.join(map(str, hit))}"
                yield Breach(
                    one,
                    f"it opens {listed} to {wide}, from where all could send as any pod; refer to "
                    "the group of the nodes instead",
                )


def _instance(route: Planned, refs: References) -> Planned | None:
    interface = route.inputs.get("networkInterfaceId")
    if not interface:
        return None
    if interface != UNKNOWN and (known := refs.instance_with(str(interface))):
        return known
    try:
        found = refs.source(route, "networkInterfaceId", INSTANCE)
    except NotModelledError:
        return None
    return found


def _own_ports(resources: Sequence[Planned]) -> Iterator[int]:
    """The ports that the routing of nodes names."""
    for one in of_types(tuple(resources), TAG):
        if one.inputs.get("key") == ROUTING:
            for field in str(one.inputs.get("value")).split():
                name, _, value = field.partition("=")
                if name == "port" and value.isdigit():
                    yield int(value)


def _openings(one: Planned) -> Iterator[tuple[str, int, int, Any]]:
    """What a resource lets in: protocol, first and last port, and a range."""
    inputs = one.inputs
    if one.type == INGRESS:
        peers = [inputs.get("cidrIpv4"), inputs.get("cidrIpv6")]
        yield from _opened(inputs.get("ipProtocol"), inputs, peers)
    elif one.type == LEGACY_RULE:
        if inputs.get("type") == "ingress":
            yield from _opened(inputs.get("protocol"), inputs, _peers(inputs))
    else:
        for rule in inputs.get("ingress") or []:
            if isinstance(rule, Mapping):
                yield from _opened(rule.get("protocol"), rule, _peers(rule))


def _opened(
    protocol: object, ports: Mapping[str, Any], peers: Sequence[Any]
) -> Iterator[tuple[str, int, int, Any]]:
    name = NUMBERS.get(str(protocol), str(protocol))
    if name in ("-1", "all", *WITHOUT_PORTS):
        start, end = 0, LAST_PORT
    else:
        first, last = ports.get("fromPort"), ports.get("toPort")
        if not isinstance(first, int | float) or not isinstance(last, int | float):
            return
        start, end = int(first), int(last)
    for peer in peers:
        yield "-1" if name == "all" else name, start, end, peer


def _peers(rule: Mapping[str, Any]) -> list[Any]:
    return [*(rule.get("cidrBlocks") or []), *(rule.get("ipv6CidrBlocks") or [])]


def _range(value: object) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(str(value), strict=False)
    except ValueError:
        return None


def _is_world(network: IPv4Network | IPv6Network) -> bool:
    return network.prefixlen < WIDEST[network.version]


POLICIES = (
    Policy(
        name="source-dest-check",
        description="The source/destination check is off on nodes and targets of routes alone.",
        check=check_source_dest,
        is_of_one=False,
    ),
    Policy(
        name="pod-range-outside-vpc",
        description="No range of the VPC overlaps the pod range.",
        check=check_ranges,
        is_of_one=False,
    ),
    Policy(
        name="encapsulation-not-open",
        description="No rule opens the encapsulation to the world.",
        check=check_encapsulation,
        is_of_one=False,
    ),
    Policy(
        name="metadata-for-nodes-alone",
        description="Instances want a token for metadata (IMDSv2), with hop limit 1.",
        check=check_metadata,
        is_of_one=True,
    ),
    Policy(
        name="no-inline-entries",
        description="The stack's route tables and security groups have no entries of their own.",
        check=check_inline,
        is_of_one=True,
    ),
    Policy(
        name="encrypted-disks",
        description="Every volume is encrypted.",
        check=check_disks,
        is_of_one=True,
    ),
)
"""The policies of the pack."""
