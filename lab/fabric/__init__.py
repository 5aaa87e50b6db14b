"""A VPC out of network namespaces, bridges and nftables: packets fare in it as on AWS."""

from __future__ import annotations

from ipaddress import IPv4Address

from lab.home import Home
from lab.model import World

INTERNET_HOST = IPv4Address("203.0.113.80")
"""The one host of the internet namespace (TEST-NET-3, RFC 5737)."""


class Fabric:
    """The namespaces, links and rules of one lab."""

    def __init__(self, home: Home) -> None:
        self._home = home

    @property
    def internet_namespace(self) -> str:
        """Name of the namespace beyond the internet gateways; it holds `INTERNET_HOST`."""
        return self._home.namespace("internet")

    def vpc_namespace(self, vpc_id: str) -> str:
        """Name of the namespace that is a VPC's switch and router.

        It exists while the VPC has at least one network interface.
        """
        return self._home.namespace(f"vpc-{vpc_id[-6:]}")

    def port(self, eni_id: str) -> str:
        """Name of the namespace that holds the machine's side of an interface, `eth0`."""
        return self._home.namespace(f"eni-{eni_id[-8:]}")

    def apply(self, world: World) -> None:
        """Make the kernel hold this world; what stays as it was is not touched."""
        raise NotImplementedError

    def destroy(self) -> None:
        """Remove everything of this lab's fabric, whoever left it behind."""
        raise NotImplementedError
