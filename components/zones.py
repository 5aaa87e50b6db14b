"""The availability zones of a stack: those of the region in which its instance type is offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from podnet.components.instance_types import zones_that_offer
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
    wanted: tuple[str, ...]
    """The names of the settings, one for each zone; empty for the first zones that offer it."""
    available: pulumi.Output[list[str]]
    """The zones of the region."""
    zones: pulumi.Output[list[str]]
    """Those of them that offer the type, sorted by name."""

    @classmethod
    def of(cls, instance_type: str, wanted: tuple[str, ...], parent: pulumi.Resource) -> Offering:
        """Look it up."""
        available = aws.get_availability_zones_output(
            state="available",
            # Local and wavelength zones are listed too once an account has opted in.
            filters=[{"name": "zone-type", "values": ["availability-zone"]}],
            opts=pulumi.InvokeOutputOptions(parent=parent),
        )
        offered = zones_that_offer(instance_type, parent)
        names: pulumi.Output[list[str]] = available.names.apply(lambda found: sorted(found or ()))
        return cls(
            instance_type=instance_type,
            wanted=wanted,
            available=names,
            zones=names.apply(lambda found: [name for name in found if name in offered]),
        )

    def name_of(self, zone: Zone) -> pulumi.Output[str]:
        """How AWS names a zone of the stack."""
        return pulumi.Output.all(self.available, self.zones).apply(
            lambda lists: self._named(zone, *lists) if self.wanted else self._nth(lists[1], zone)
        )

    def warn_of(self, used: Mapping[str, pulumi.Output[str]]) -> None:
        """Warn of zones in which a stack lies otherwise than it should: a subnet stays."""
        for index, (letter, name) in enumerate(used.items()):
            pulumi.Output.all(name, self.zones).apply(partial(self._compare, letter))
            if self.wanted:
                name.apply(partial(self._compare_name, letter, self.wanted[index]))

    def _named(self, zone: Zone, available: list[str], offering: list[str]) -> str:
        name = self.wanted[zone.index]
        if name not in available:
            raise pulumi.RunError(
                f"podnet:zoneNames names {name}, which this region or account does not have; "
                f"choose among {', '.join(offering) or 'those of another region'}"
            )
        if name not in offering:
            raise pulumi.RunError(
                f"podnet:zoneNames names {name}, which does not offer podnet:instanceType "
                f"{self.instance_type}; choose among {', '.join(offering) or 'no zone here'}, or "
                "another type"
            )
        return name

    def _compare_name(self, letter: str, wanted: str, name: str) -> None:
        if name and name != wanted:
            pulumi.log.warn(
                f"zone {letter} of this stack is {name}, and stays it, though podnet:zoneNames "
                f"says {wanted}: a subnet cannot move. Name {name}, or deploy a new stack"
            )

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
