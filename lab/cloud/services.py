"""DHCP, DNS and metadata in every VPC that has an instance."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from socketserver import BaseServer

from lab.cloud import internet
from lab.cloud.credentials import Keys
from lab.cloud.dhcp import DhcpServer, resolver
from lab.cloud.dns import DnsServer
from lab.cloud.facts import Facts, Instance, Interface
from lab.cloud.metadata import MetadataServer
from lab.cloud.netns import identity, inside

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class _Place:
    """The servers of one VPC, and which making of its namespace they are in."""

    namespace: int
    servers: tuple[BaseServer, ...]


class Services:
    """Keeps the servers in step with the facts; these are also what the servers answer from."""

    def __init__(
        self,
        namespace: Callable[[str], str],
        user_data: Callable[[str], bytes | None],
        keys: Callable[[Instance], Keys],
    ) -> None:
        self._namespace = namespace
        self._user_data = user_data
        self._keys = keys
        self._facts = Facts()
        self._places: dict[str, _Place] = {}

    def update(self, facts: Facts) -> None:
        """Answer from these facts, in the VPCs they name."""
        self._facts = facts
        vpcs = {
            interface.vpc_id: resolver(interface.vpc)
            for instance in facts.instances.values()
            for interface in instance.interfaces
        }
        for vpc_id, place in list(self._places.items()):
            if vpc_id not in vpcs or identity(self._namespace(vpc_id)) != place.namespace:
                self._close(vpc_id)
        for vpc_id, address in vpcs.items():
            if vpc_id not in self._places:
                self._open(vpc_id, address)

    def close(self) -> None:
        """Stop all servers."""
        for vpc_id in list(self._places):
            self._close(vpc_id)

    def _open(self, vpc_id: str, address: IPv4Address) -> None:
        namespace = self._namespace(vpc_id)
        number = identity(namespace)
        if number is None:
            raise FileNotFoundError(f"namespace {namespace} of {vpc_id} is not there")

        def make() -> tuple[BaseServer, ...]:
            return (
                MetadataServer(
                    lambda source: self._facts.at(vpc_id, source), self._user_data, self._keys
                ),
                DhcpServer(lambda mac: self._by_mac(vpc_id, mac)),
                DnsServer(address, lambda name: self._by_name(vpc_id, name)),
            )

        servers = inside(namespace, make)
        for server in servers:
            threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        self._places[vpc_id] = _Place(number, servers)

    def _close(self, vpc_id: str) -> None:
        for server in self._places.pop(vpc_id).servers:
            server.shutdown()
            server.server_close()

    def _by_mac(self, vpc_id: str, mac: str) -> tuple[Interface, str] | None:
        return next(
            (
                (interface, instance.name)
                for instance in self._facts.instances.values()
                for interface in instance.interfaces
                if (interface.vpc_id, interface.mac) == (vpc_id, mac)
            ),
            None,
        )

    def _by_name(self, vpc_id: str, name: str) -> IPv4Address | None:
        return internet.address(name) or next(
            (
                instance.interfaces[0].address
                for instance in self._facts.instances.values()
                if instance.name == name and instance.interfaces[0].vpc_id == vpc_id
            ),
            None,
        )
