"""DHCP, DNS and metadata in every VPC that has an instance."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from socketserver import BaseServer

from podnet.lab.cloud.services import internet
from podnet.lab.cloud.services.credentials import Keys
from podnet.lab.cloud.services.dhcp import Binding, DhcpServer
from podnet.lab.cloud.services.dns import DnsServer
from podnet.lab.cloud.services.fault_injection import MetadataFaults
from podnet.lab.cloud.services.metadata import MetadataServer
from podnet.system.netns import NAMESPACES, identity, inside
from podnet.world.model import Instance, Vpc, World

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class _Running:
    """The servers of one VPC, and the identity of the namespace they listen in."""

    namespace: int
    servers: tuple[BaseServer, ...]


class Services:
    """The servers of all VPCs; they answer from the world of the last `update`."""

    def __init__(
        self,
        namespace: Callable[[str], str],
        user_data: Callable[[str], bytes | None],
        keys: Callable[[Instance], Keys],
        faults: MetadataFaults,
    ) -> None:
        """`namespace` names a VPC's namespace by the VPC's id."""
        self._faults = faults
        self._namespace = namespace
        self._user_data = user_data
        self._keys = keys
        self._world = World()
        self._running: dict[str, _Running] = {}

    def update(self, world: World) -> None:
        """Answer from this world, in those of its VPCs that have an instance."""
        self._world = world
        vpcs = {vpc.id: vpc for vpc in world.vpcs if any(world.attached(vpc.id))}
        for vpc_id, running in list(self._running.items()):
            namespace = identity(NAMESPACES / self._namespace(vpc_id))
            if vpc_id not in vpcs or namespace != running.namespace:
                self._stop(vpc_id)
        for vpc_id, vpc in vpcs.items():
            if vpc_id not in self._running:
                self._start(vpc)

    def close(self) -> None:
        """Stop all servers."""
        for vpc_id in list(self._running):
            self._stop(vpc_id)

    def _start(self, vpc: Vpc) -> None:
        namespace = self._namespace(vpc.id)
        number = identity(NAMESPACES / namespace)
        if number is None:
            raise FileNotFoundError(f"namespace {namespace} of {vpc.id} does not exist")

        def make() -> tuple[BaseServer, ...]:
            return (
                MetadataServer(
                    vpc.id, lambda: self._world, self._user_data, self._keys, faults=self._faults
                ),
                DhcpServer(lambda mac: self._by_mac(vpc.id, mac)),
                DnsServer(vpc.resolver, lambda name: self._by_name(vpc.id, name)),
            )

        servers = inside(NAMESPACES / namespace, make)
        for server in servers:
            threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        self._running[vpc.id] = _Running(number, servers)

    def _stop(self, vpc_id: str) -> None:
        for server in self._running.pop(vpc_id).servers:
            server.shutdown()
            server.server_close()

    def _by_mac(self, vpc_id: str, mac: str) -> Binding | None:
        world = self._world
        return next(
            (
                Binding(
                    address=eni.address,
                    subnet=world.subnet(eni.subnet_id),
                    resolver=world.vpc(vpc_id).resolver,
                    host_name=instance.private_name,
                )
                for instance, eni in world.attached(vpc_id)
                if eni.mac == mac
            ),
            None,
        )

    def _by_name(self, vpc_id: str, name: str) -> IPv4Address | None:
        return internet.address(name) or next(
            (
                eni.address
                for instance, eni in self._world.attached(vpc_id)
                if instance.private_name == name
            ),
            None,
        )
