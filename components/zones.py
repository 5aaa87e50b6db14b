"""The availability zones of a stack: those of the region in which its instance type is offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from podnet.plan.nodes import Zone


@dataclass(frozen=True, kw_only=True, slots=True)
class Offering:
    """Where an instance type is offered.

    Not in every zone of a region, and a launch elsewhere is refused only once the network is there
    (EC2 User Guide, "Find an Amazon EC2 instance type"). A letter means another zone in another
    account.
    """

    instance_type: str
    """EC2 instance type."""
    zones: pulumi.Output[list[str]]
    """The zones of the region that offer it, sorted by name."""

    @classmethod
    def of(cls, instance_type: str, parent: pulumi.Resource) -> Offering:
        """Look it up."""
        options = pulumi.InvokeOutputOptions(parent=parent)
        available = aws.get_availability_zones_output(
            state="available",
            # Local and wavelength zones are listed too once an account has opted in.
            filters=[{"name": "zone-type", "values": ["availability-zone"]}],
            opts=options,
        )
        offered = aws.ec2.get_instance_type_offerings_output(
            location_type="availability-zone",
            filters=[{"name": "instance-type", "values": [instance_type]}],
            opts=options,
        )
        both = pulumi.Output.all(available.names, offered.locations)
        return cls(
            instance_type=instance_type,
            zones=both.apply(lambda lists: sorted({*(lists[0] or ())} & {*(lists[1] or ())})),
        )

    def name_of(self, zone: Zone) -> pulumi.Output[str]:
        """How AWS names a zone of the stack."""
        return self.zones.apply(lambda names: self._nth(names, zone))

    def warn_of(self, used: Mapping[str, pulumi.Output[str]]) -> None:
        """Warn of zones that a stack lies in and that do not offer the type: a subnet stays."""
        for letter, name in used.items():
            pulumi.Output.all(name, self.zones).apply(partial(self._compare, letter))

    def _nth(self, names: list[str], zone: Zone) -> str:
        if zone.index >= len(names):
            raise pulumi.RunError(
                f"podnet:zones asks for at least {zone.index + 1} zones, but this region offers "
                f"{self.instance_type} in {len(names)} ({', '.join(names) or 'none'}); use fewer "
                "zones, another podnet:instanceType or another region"
            )
        return names[zone.index]

    def _compare(self, letter: str, found: list[Any]) -> None:
        name, offering = found
        if name and name not in offering:
            pulumi.log.warn(
                f"zone {letter} of this stack is {name}, which does not offer podnet:instanceType "
                f"{self.instance_type}: no node can be created there. Set another instance type; "
                f"zones that offer this one: {', '.join(offering)}"
            )
