"""What the probe finds of Services and names, on a node whose Services a test makes and breaks."""

from __future__ import annotations

import secrets
import threading
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from podnet.lab.cloud.services.dns import DnsServer
from podnet.lab.kubernetes.services import ask
from podnet.lab.kubernetes.targets import Targets
from podnet.probe import Endpoint
from podnet.system.commands import run
from podnet.system.netns import inside

pytestmark = pytest.mark.lab

WEB, OWN, DNS = (IPv4Address(f"10.96.0.{last}") for last in (1, 2, 10))
NAMES = {"web.svc": WEB, "nobody.svc": None}
# As kube-proxy writes it: any of the pods, and who asks himself is hidden from himself.
RULES = """
table ip proxy {{
    chain services {{
        type nat hook prerouting priority dstnat;
        ip daddr 10.96.0.1 {first} numgen random mod 2 vmap {{ 0 : goto one, 1 : goto two }}
        ip daddr 10.96.0.2 {second} goto one
    }}
    chain one {{
        meta l4proto {{ tcp, udp }} dnat to 10.1.1.2:8080
    }}
    chain two {{
        meta l4proto {{ tcp, udp }} dnat to 10.1.1.3:{port}
    }}
    chain masked {{
        type nat hook postrouting priority srcnat;
        ip saddr 10.1.1.2 ip daddr 10.1.1.2 masquerade
        ip saddr 10.1.1.3 ip daddr 10.1.1.3 masquerade
        {more}
    }}
}}
"""


class Machine:
    """One node with two pods; its Services are rules that a test writes."""

    def __init__(self, files: ExitStack) -> None:
        self.files = files
        self.tag = secrets.token_hex(3)
        self.node = self.namespace("node")
        self.ends = {
            name: self.pod(name, address)
            for name, address in (("web-1", "10.1.1.2"), ("web-2", "10.1.1.3"))
        }
        run("ip", "netns", "exec", self.node, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        run("ip", "-n", self.node, "address", "add", f"{DNS}/32", "dev", "lo")
        server = inside(self.path(self.node), lambda: DnsServer(DNS, NAMES.get))
        files.callback(server.server_close)
        files.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def namespace(self, role: str) -> str:
        name = f"lab-{role}-{self.tag}"
        run("ip", "netns", "add", name)
        self.files.callback(run, "ip", "netns", "delete", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        return name

    @staticmethod
    def path(namespace: str) -> Path:
        return Path("/run/netns") / namespace

    def pod(self, name: str, address: str) -> Endpoint:
        own = self.namespace(name)
        run("ip", "-n", self.node, *f"link add {name} type veth peer eth0 netns {own}".split())
        for words in (
            f"link set {name} up",
            f"address add 10.1.1.1/32 dev {name}",
            f"route add {address} dev {name}",
        ):
            run("ip", "-n", self.node, *words.split())
        for words in (
            "link set eth0 up",
            f"address add {address}/32 dev eth0",
            "route add 10.1.1.1 dev eth0",
            "route add default via 10.1.1.1",
        ):
            run("ip", "-n", own, *words.split())
        return Endpoint(
            kind="pod",
            name=name,
            node="node-1",
            address=IPv4Address(address),
            netns=self.path(own),
            mtu=1500,
        )

    def rules(self, *, first: str = "", second: str = "", port: int = 8080, more: str = "") -> None:
        text = RULES.format(first=first, second=second, port=port, more=more)
        run(
            "ip",
            "netns",
            "exec",
            self.node,
            "nft",
            "-f",
            "-",
            stdin=f"table ip proxy\ndelete table ip proxy\n{text}",
        )

    def ask(self, **changed: object) -> dict[tuple[str, str], str | None]:
        asked = Targets(
            **{
                "anywhere": WEB,
                "own_node": OWN,
                "dns": DNS,
                "names": NAMES,
                "behind_anywhere": self.ends,
                "behind_own_node": {"web-1": self.ends["web-1"]},
                **changed,
            }
        )
        return {(each.source, each.target): each.reason for each in ask(self.ends, asked)[0]}


@pytest.fixture(scope="module")
def machine():
    with ExitStack() as files:
        yield Machine(files)


def test_services_and_names_that_work_are_found_to(machine):
    machine.rules()

    assert machine.ask() == {
        (source, target): None
        for source in ("web-1", "web-2")
        for target in ("service", "service on node", "names")
    }


@pytest.mark.parametrize(
    ("broken", "target", "reasons"),
    [
        (
            {"first": "meta l4proto udp"},
            "service",
            {"host unreachable", "no answer in 1.0 s", "no route"},
        ),
        ({"port": 8081}, "service", {"refused"}),
        (
            {"second": "ip saddr 10.1.1.3"},
            "service on node",
            {"no answer in 1.0 s", None, "no route", "host unreachable"},
        ),
        (
            {"more": "ip saddr 10.1.1.3 ip daddr 10.1.1.2 masquerade"},
            "service",
            {None, "seen as 10.1.1.1, not 10.1.1.3"},
        ),
    ],
    ids=["one protocol", "one pod", "for some", "source hidden"],
)
def test_what_is_broken_is_reported_by_those_who_meet_it(machine, broken, target, reasons):
    machine.rules(**broken)
    found = {reason for (_, to), reason in machine.ask().items() if to == target}

    assert found <= reasons
    assert found != {None}


def test_a_pod_that_never_answers_is_named(machine):
    machine.rules()
    ghost = Endpoint(
        kind="pod",
        name="web-3",
        node="node-1",
        address=IPv4Address("10.1.1.4"),
        netns=Path("/nowhere"),
        mtu=1500,
    )
    found = machine.ask(behind_anywhere={**machine.ends, "web-3": ghost})

    assert found["web-1", "service"] == "never answered by web-3"


def test_a_stranger_behind_a_service_is_named(machine):
    machine.rules()
    found = machine.ask(
        behind_anywhere={"web-1": machine.ends["web-1"]},
        behind_own_node={"web-2": machine.ends["web-2"]},
    )

    assert found["web-1", "service on node"] == "answered by web-1"


def test_a_name_that_resolves_elsewhere_is_reported_with_the_address(machine):
    machine.rules()
    wrong = machine.ask(names={"web.svc": OWN})["web-1", "names"]
    known = machine.ask(names={"web.svc": None})["web-1", "names"]
    unknown = machine.ask(names={"nobody.svc": WEB})["web-1", "names"]

    assert wrong == f"web.svc resolves to {WEB}, not to {OWN}"
    assert known == f"web.svc resolves to {WEB}, not to nothing"
    assert unknown == f"nobody.svc resolves to nothing, not to {WEB}"


def test_a_dns_server_that_is_not_there_is_no_answer(machine):
    machine.rules()

    assert machine.ask(dns=IPv4Address("10.96.0.11"))["web-1", "names"] is not None
