"""Network interfaces at addresses of the node ranges that are not the stack's nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pulumi_aws as aws

from podnet.plan.nodes import planned_zones
from podnet.plan.settings import Settings

MOST_VALUES = 200
"""Values of one filter (EC2 API, Filter)."""


def occupied(vpcs: Collection[str], settings: Settings, own: Collection[str]) -> dict[str, str]:
    """The owner, in words, of each such address; `own` are those of the stack's nodes."""
    addresses = [
        str(address)
        for zone in planned_zones(settings)
        for address in zone.nodes
        if str(address) not in own
    ]
    found = {}
    for start in range(0, len(addresses), MOST_VALUES):
        found_ids = aws.ec2.get_network_interfaces(
            filters=[
                {"name": "vpc-id", "values": sorted(vpcs)},
                {
                    "name": "addresses.private-ip-address",
                    "values": addresses[start : start + MOST_VALUES],
                },
            ]
        ).ids
        for id_ in sorted(found_ids or ()):
            interface = aws.ec2.get_network_interface(id=id_)
            for address in interface.private_ips or ():
                if address in addresses:
                    found[address] = ", ".join(_owner(interface))
    return found


def _owner(interface: aws.ec2.GetNetworkInterfaceResult) -> Iterator[str]:
    yield interface.id
    for attachment in interface.attachments or ():
        if attachment.instance_id:
            yield f"of {attachment.instance_id}"
    if (interface.interface_type or "interface") != "interface":
        yield f"a {interface.interface_type}"
    if interface.description:
        yield f"`{interface.description}`"
