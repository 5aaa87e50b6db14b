"""What the resources of a plan refer to, also where the id is not known yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from podnet.errors import UserError
from podnet.world.plan.file import UNKNOWN, Planned
from podnet.world.plan.types import INSTANCE, KINDS


class NotModelledError(Exception):
    """A resource that may treat packets in a way that the world cannot say; why, in words."""


class References:
    """The resources of a plan, found by id or by where a value is taken from."""

    def __init__(self, resources: Iterable[Planned]) -> None:
        self._by_urn = {one.urn: one for one in resources}
        every = self._by_urn.values()
        self._by_id = {(one.type, one.id): one for one in every if one.id}
        self._by_interface = {
            interface: one
            for one in every
            if one.type == INSTANCE
            and isinstance(interface := one.known("primaryNetworkInterfaceId"), str)
        }
        self._times = Counter((one.type, one.name) for one in every)

    def name(self, one: Planned) -> str:
        """What stands for the id of a resource: its kind, and its name in the program."""
        is_clear = self._times[one.type, one.name] == 1
        return f"{KINDS[one.type]}{one.name if is_clear else one.urn}"

    def interface(self, instance: Planned) -> str:
        """What stands for the id of an instance's interface."""
        return f"the interface of {self.name(instance)}"

    def one(self, holder: Planned, name: str, *types: str) -> Planned | str | None:
        """What an input refers to: a resource of the plan, or the id of another; None: nothing."""
        value = holder.inputs.get(name)
        if value == UNKNOWN:
            return self.source(holder, name, *types)
        if not value:
            return None
        found = (self._by_id.get((type_, str(value))) for type_ in types)
        return next((one for one in found if one), str(value))

    def required(self, holder: Planned, name: str, *types: str) -> Planned:
        """The resource of the plan that an input refers to; there must be one."""
        found = self.one(holder, name, *types)
        if isinstance(found, Planned):
            return found
        what = "nothing" if found is None else f"{found}, which is not in the plan"
        raise NotModelledError(f"{holder.title}: its {name} is {what}")

    def named(self, holder: Planned, name: str, *types: str) -> str:
        """The same by what stands for its id."""
        return self.name(self.required(holder, name, *types))

    def many(self, holder: Planned, name: str, *types: str) -> Iterator[Planned | str]:
        """What a list of ids refers to, in no certain order."""
        values = holder.inputs.get(name) or []
        if values == UNKNOWN:
            values = [UNKNOWN]
        sources = [one for one in self._sources(holder, name) if one.type in types]
        known = [value for value in values if value != UNKNOWN]
        for value in known:
            found = (self._by_id.get((type_, str(value))) for type_ in types)
            yield next((one for one in found if one), str(value))
        if len(known) < len(values):
            yield from (one for one in sources if not one.id or one.id not in known)

    def instance_with(self, interface: str) -> Planned | None:
        """The instance of the plan that has this interface now."""
        return self._by_interface.get(interface)

    def source(self, holder: Planned, name: str, *types: str) -> Planned:
        """The resource that an input is taken from; raises where the plan names not just one."""
        found = [one for one in self._sources(holder, name) if one.type in types]
        if len(found) != 1:
            among = ", ".join(one.title for one in found) or "none that the plan names"
            raise NotModelledError(
                f"{holder.title}: its {name} is not known before the deployment, and may be of "
                f"{among}"
            )
        return found[0]

    def _sources(self, holder: Planned, name: str) -> Iterator[Planned]:
        found = (self._by_urn.get(urn) for urn in holder.sources.get(name, ()))
        return (one for one in found if one)


def network(holder: Planned, name: str) -> IPv4Network:
    """An input that is a range; raises where it is none, or not known yet."""
    return IPv4Network(_address(holder, name, IPv4Network))


def address(holder: Planned, name: str) -> IPv4Address:
    """A property that is an address; raises where it is none, or not known yet."""
    return IPv4Address(_address(holder, name, IPv4Address))


def _address(holder: Planned, name: str, kind: type[IPv4Network | IPv4Address]) -> str:
    value = holder.known(name)
    if value is None:
        raise NotModelledError(f"{holder.title}: its {name} is not known before the deployment")
    try:
        kind(value)
    except ValueError as error:
        raise UserError(
            f"the plan's {holder.title} has {name} {value!r}, which is no IPv4 "
            f"{'range' if kind is IPv4Network else 'address'}; mend it, and preview again",
            rule="plan-address-malformed",
        ) from error
    return str(value)
