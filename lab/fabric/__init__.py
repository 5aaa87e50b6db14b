"""A VPC out of network namespaces, bridges and nftables: packets fare in it as on AWS."""

from __future__ import annotations

from collections import Counter

from lab.fabric import kernel, names, reconcile, switch
from lab.fabric.plan import AWS_HOST, INTERNET_HOST, Plan, plan
from lab.home import Home
from lab.model import World

__all__ = ["AWS_HOST", "INTERNET_HOST", "Fabric"]


class Fabric:
    """The namespaces, links and rules of one lab."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._plan = switch.plan if home.fabric == switch.KIND else plan
        self._applied: Plan | None = None

    @property
    def internet_namespace(self) -> str:
        """Name of the namespace beyond the internet gateways; it holds `INTERNET_HOST`."""
        return names.internet_namespace(self._home)

    def vpc_namespace(self, vpc_id: str) -> str:
        """Name of the namespace that is a VPC's switch and router.

        It exists while the VPC has at least one network interface.
        """
        return names.vpc_namespace(self._home, vpc_id)

    def port(self, eni_id: str) -> str:
        """Name of the namespace that holds the machine's side of an interface, `eth0`."""
        return names.port_namespace(self._home, eni_id)

    def apply(self, world: World) -> None:
        """Make the kernel hold this world; what stays as it was is not touched."""
        wanted = self._plan(self._home, world)
        before, self._applied = self._applied, None
        if wanted != before:
            machines = Counter(eni.subnet_id for eni in world.enis)
            kernel.make_room_for_neighbours(sum(count**2 for count in machines.values()))
            self._remove("vpc", {vpc.namespace for vpc in wanted.vpcs})
        done = {vpc.namespace: vpc for vpc in before.vpcs} if before else {}
        namespaces = kernel.namespaces()
        stale = [
            vpc
            for vpc in wanted.vpcs
            if done.get(vpc.namespace) != vpc or not reconcile.intact(vpc, namespaces)
        ]
        if stale or wanted != before:
            # A gateway's link is made from the VPC's side, into a namespace that must be there.
            for router in (wanted.internet, *stale):
                reconcile.prepare(router)
            for router in (*stale, wanted.internet):
                reconcile.reconcile(router)
            self._remove("eni", {port.namespace for vpc in wanted.vpcs for port in vpc.ports})
        self._applied = wanted

    def destroy(self) -> None:
        """Remove everything of this lab's fabric, whoever left it behind."""
        self._applied = None
        for role in ("vpc", "eni", "internet"):
            self._remove(role, set())

    def _remove(self, role: str, kept: set[str]) -> None:
        for namespace in sorted(kernel.namespaces() - kept):
            if names.role(self._home, namespace) == role:
                reconcile.remove(namespace, role)
