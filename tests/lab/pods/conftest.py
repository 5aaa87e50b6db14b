"""A small cluster out of namespaces, the way the lab's own would be, to break on purpose."""

from __future__ import annotations

import dataclasses
import secrets
import socket
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from podnet.lab.nodes.pods import Container
from podnet.probe import Endpoint, Matrix
from podnet.probe.run import probe
from podnet.system.commands import run
from podnet.system.netns import inside
from tests.lab.pods.instances import Instance
from tests.links import wait_until_up

INTERNET_HOST = IPv4Address("203.0.113.80")
LINK_MTU = 9001
POD_MTU = 8951
METADATA = "169.254.169.254"
PATIENCE = 60


class Cluster:
    """Nodes on a switch, a router that knows their pod blocks, and an internet behind it."""

    def __init__(self, files: ExitStack) -> None:
        self.tag = secrets.token_hex(3)
        self.files = files
        self.endpoints: list[Endpoint] = []
        self.nodes: list[str] = []
        self.router = self.namespace("vpc")
        self.internet = self.namespace("internet")
        self.ip(
            self.router,
            f"link add internet mtu 1500 type veth peer name eth0 netns {self.internet}",
        )
        self.ip(
            self.router,
            "link add br0 mtu 9001 type bridge",
            "link set br0 up",
            "address add 192.168.1.1/24 dev br0",
            "link set internet up",
            "address add 203.0.113.1/24 dev internet",
            f"address add {METADATA}/32 dev lo",
        )
        self.ip(self.internet, "link set eth0 up", f"address add {INTERNET_HOST}/24 dev eth0")
        self.forwarding(self.router)
        self.nft(
            self.router,
            "table ip nat { map out { type ipv4_addr : ipv4_addr; }\n"
            "chain post { type nat hook postrouting priority 100; "
            'oifname "internet" snat to ip saddr map @out; }; }',
        )
        service = inside(self.path(self.router), lambda: socket.create_server((METADATA, 80)))
        files.callback(service.close)

    def probe(self) -> Matrix:
        return probe(self.endpoints, self.path(self.internet), INTERNET_HOST)

    def failing(self) -> dict[tuple[str, str, str], str | None]:
        """The failed checks of a probe, as (from, to, check): reason."""
        return {
            (each.source, each.target, str(each.check)): each.reason for each in self.probe().failed
        }

    def endpoint(self, name: str) -> Endpoint:
        return next(each for each in self.endpoints if each.name == name)

    def change(self, name: str, **changes: object) -> None:
        self.endpoints = [
            dataclasses.replace(each, **changes) if each.name == name else each
            for each in self.endpoints
        ]

    def path(self, namespace: str) -> Path:
        return Path("/run/netns") / namespace

    def namespace(self, role: str) -> str:
        name = f"lab-{role}-{self.tag}"
        run("ip", "netns", "add", name)
        self.files.callback(run, "ip", "netns", "delete", name)
        self.ip(name, "link set lo up")
        return name

    def ip(self, namespace: str, *commands: str) -> None:
        run("ip", "-n", namespace, "-batch", "-", stdin="\n".join(commands))

    def nft(self, namespace: str, rules: str) -> None:
        run("nsenter", f"--net=/run/netns/{namespace}", "nft", "-f", "-", stdin=rules)

    def forwarding(self, namespace: str) -> None:
        run(
            "nsenter",
            f"--net=/run/netns/{namespace}",
            "sysctl",
            "-qw",
            "net.ipv4.ip_forward=1",
            "net.ipv4.conf.all.send_redirects=0",
            "net.ipv4.conf.default.send_redirects=0",
            "net.ipv4.conf.all.rp_filter=0",
        )

    def add_node(self) -> str:
        """The next node: its own address, its block behind its bridge, pods masqueraded."""
        number = len(self.nodes) + 1
        node = self.namespace(f"node-{number}")
        self.nodes.append(node)
        self.ip(
            self.router,
            f"link add port{number} mtu {LINK_MTU} type veth peer eth0 mtu {LINK_MTU} netns {node}",
        )
        self.ip(
            self.router,
            f"link set port{number} master br0 up",
            f"route add 10.1.{number}.0/24 via 192.168.1.{10 + number}",
        )
        self.ip(
            node,
            "link set eth0 up",
            f"address add 192.168.1.{10 + number}/24 dev eth0",
            "route add default via 192.168.1.1",
            f"link add kube-bridge mtu {POD_MTU} type bridge",
            "link set kube-bridge up",
            f"address add 10.1.{number}.1/24 dev kube-bridge",
        )
        wait_until_up(self.router, f"port{number}")
        self.forwarding(node)
        self.nft(
            node,
            "table inet podnet {\n"
            "chain post { type nat hook postrouting priority 100; ip saddr 10.1.0.0/16 "
            "ip daddr != { 10.1.0.0/16, 192.168.1.0/24 } masquerade; }\n"
            "chain forward { type filter hook forward priority 0; "
            f"ip daddr {METADATA} drop; }}; }}",
        )
        self.nft(
            self.router,
            f"add element ip nat out {{ 192.168.1.{10 + number} : 203.0.113.{10 + number} }}",
        )
        self.ip(self.internet, f"route add 203.0.113.{10 + number}/32 via 203.0.113.1")
        self.endpoints.append(
            Endpoint(
                kind="node",
                name=f"node-{number}",
                node=f"node-{number}",
                address=IPv4Address(f"192.168.1.{10 + number}"),
                netns=self.path(node),
                mtu=LINK_MTU,
                public_address=IPv4Address(f"203.0.113.{10 + number}"),
            )
        )
        return node

    def add_pod(self, number: int) -> str:
        """A pod on node `number`; its two containers share its namespace."""
        place = (
            sum(each.kind == "pod" and each.node == f"node-{number}" for each in self.endpoints) + 2
        )
        pod = self.namespace(f"pod-{number}-{place}")
        node = self.nodes[number - 1]
        self.ip(
            node,
            f"link add pod{place} mtu {POD_MTU} type veth peer eth0 mtu {POD_MTU} netns {pod}",
        )
        self.ip(node, f"link set pod{place} master kube-bridge up")
        self.ip(
            pod,
            "link set eth0 up",
            f"address add 10.1.{number}.{place}/24 dev eth0",
            f"route add default via 10.1.{number}.1",
        )
        wait_until_up(node, f"pod{place}")
        self.endpoints.append(
            Endpoint(
                kind="pod",
                name=f"pod-{number}-{place}",
                node=f"node-{number}",
                address=IPv4Address(f"10.1.{number}.{place}"),
                netns=self.path(pod),
                mtu=POD_MTU,
                public_address=IPv4Address(f"203.0.113.{10 + number}"),
                containers=(Container("a", self.path(pod)), Container("b", self.path(pod))),
            )
        )
        return pod


@pytest.fixture
def cluster():
    """Two nodes with two pods each, nothing broken yet."""
    with ExitStack() as files:
        nodes = Cluster(files)
        for number in (1, 2):
            nodes.add_node()
            for _ in range(2):
                nodes.add_pod(number)
        yield nodes


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    with ExitStack() as files:
        yield Instance(tmp_path_factory.mktemp("instances"), files)
