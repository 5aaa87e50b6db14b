"""A fabric that leaves nothing behind, and machines on it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podnet.lab.cloud.fabric import INTERNET_HOST, Fabric
from podnet.lab.home import Home
from podnet.world.model import World
from tests.lab.fabric.hosts import Host
from tests.lab.fabric.worlds import POD, eni_id


class Lab:
    """A fabric and the machines on it."""

    def __init__(self, directory: Path) -> None:
        self.home = Home(directory, secrets.token_hex(3))
        self.fabric = Fabric(self.home)
        self._hosts: dict[str, Host] = {}

    @property
    def internet(self) -> Host:
        return Host(self.fabric.internet_namespace, INTERNET_HOST)

    def vpc(self, number: int = 1) -> str:
        return self.fabric.vpc_namespace(f"vpc-{number:08x}")

    def apply(self, world: World) -> None:
        """Apply a world, and start the machines that are new in it."""
        self.fabric.apply(world)
        routers = {subnet.id: subnet.router for subnet in world.subnets}
        for eni in world.enis:
            namespace = self.fabric.port(eni.id)
            if namespace in self._hosts:
                continue
            host = self._hosts[namespace] = Host(namespace, eni.address, eni.mac)
            host.ip(
                "link set eth0 down",
                "link set eth0 mtu 9001",
                "address flush dev eth0",
                "address flush dev lo",
                f"address add {eni.address}/24 dev eth0",
                "link set lo up",
                "link set eth0 up",
                f"route add default via {routers[eni.subnet_id]}",
            )

    def restart_machines(self) -> None:
        """Let the next world find its machines as if they had just started."""
        self._hosts.clear()

    def host(self, name: str, vpc: int = 1) -> Host:
        return self._hosts[self.fabric.port(eni_id(name, vpc))]

    def pod(self, name: str, address: object = None) -> Host:
        """A machine with a pod's address on it."""
        host = self.host(name)
        host.ip(f"address replace {address or POD[name]}/32 dev lo")
        return host


@pytest.fixture
def make_lab(tmp_path: Path) -> Iterator[Callable[[], Lab]]:
    """Labs that are the test's own, for those that count pieces or break some."""
    labs: list[Lab] = []

    def make() -> Lab:
        labs.append(Lab(tmp_path))
        return labs[-1]

    yield make
    for made in labs:
        made.fabric.destroy()


@pytest.fixture(scope="session")
def standing_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("lab"))
    yield made
    made.fabric.destroy()


@pytest.fixture
def lab(standing_lab: Lab) -> Lab:
    """A lab that goes from world to world, test by test, as a lab does in use."""
    standing_lab.restart_machines()
    return standing_lab
