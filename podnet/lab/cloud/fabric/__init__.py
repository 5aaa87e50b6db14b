"""VPCs of network namespaces, bridges and nftables, where packets behave as in a real VPC."""

from __future__ import annotations

from collections import Counter

from podnet.lab.cloud.fabric import kernel, names, plain_switch, reconcile
from podnet.lab.cloud.fabric.layout import AWS_HOST, INTERNET_HOST, Layout, layout
from podnet.lab.home import Home
from podnet.plan.settings import Fabric as FabricKind
from podnet.world.model import World

__all__ = ["AWS_HOST", "INTERNET_HOST", "Fabric"]


class Fabric:
    """The namespaces, links and rules of one lab."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._layout = plain_switch.layout if home.fabric is FabricKind.SWITCH else layout
        self._applied: Layout | None = None

    @property
    def internet_namespace(self) -> str:
        """Name of the namespace beyond the internet gateways; it holds `INTERNET_HOST`."""
        return self._home.internet_namespace

    def vpc_namespace(self, vpc_id: str) -> str:
        """Name of the namespace that is a VPC's switch and router.

        It exists while the VPC has at least one network interface.
        """
        return names.vpc_namespace(self._home, vpc_id)

    def port(self, eni_id: str) -> str:
        """Name of the namespace that holds the machine's side of an interface, `eth0`."""
        return names.port_namespace(self._home, eni_id)

    def apply(self, world: World) -> None:
        """Reconcile the kernel with this world; what does not change is not touched."""
        wanted = self._layout(self._home, world)
        before, self._applied = self._applied, None
        if wanted != before:
            machines = Counter(eni.subnet_id for eni in world.enis)
            kernel.raise_neighbour_limits(sum(count**2 for count in machines.values()))
            self._remove("vpc", {vpc.namespace for vpc in wanted.vpcs})
        applied = {vpc.namespace: vpc for vpc in before.vpcs} if before else {}
        namespaces = kernel.namespaces()
        stale = [
            vpc
            for vpc in wanted.vpcs
            if applied.get(vpc.namespace) != vpc or not reconcile.intact(vpc, namespaces)
        ]
        if stale or wanted != before:
            # The VPC's side creates a gateway's link, into a namespace that must exist.
            for router in (wanted.internet, *stale):
                reconcile.prepare(router)
            for router in (*stale, wanted.internet):
                reconcile.reconcile(router)
            self._remove("eni", {port.namespace for vpc in wanted.vpcs for port in vpc.ports})
        self._applied = wanted

    def destroy(self) -> None:
        """Remove everything of this lab's fabric, also what another process left."""
        self._applied = None
        for role in ("vpc", "eni", "internet"):
            self._remove(role, set())

    def _remove(self, role: str, wanted: set[str]) -> None:
        for namespace in sorted(kernel.namespaces() - wanted):
            if names.role(self._home, namespace) == role:
                reconcile.remove(namespace, role)
