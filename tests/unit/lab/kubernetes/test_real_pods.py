"""Real pods as the API lists them, found again on their nodes."""

import json
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from podnet.lab.kubernetes import pods
from podnet.lab.kubernetes.pods import NotYetError


@dataclass(frozen=True)
class FakeNode:
    """A node whose files are in a folder, and on which every link has the same MTU."""

    name: str
    root: Path
    address: IPv4Address
    public_address: IPv4Address | None = None
    netns: Path = Path("/nowhere")
    ran: list = field(default_factory=list)

    def run(self, *words):
        self.ran.append(words)
        if "address" in words:
            return json.dumps([{"mtu": 9001, "addr_info": [{"local": str(self.address)}]}])
        return json.dumps([{"mtu": 8951}])


@pytest.fixture
def node(tmp_path):
    def make(number):
        return FakeNode(
            f"node-{number}", tmp_path / str(number), IPv4Address(f"192.168.1.{10 + number}")
        )

    return make


def container(node, identity, process):
    """Put a running container on a node."""
    bundle = node.root / pods.BUNDLES / identity
    bundle.mkdir(parents=True)
    (bundle / "init.pid").write_text(str(process))
    (node.root / f"proc/{process}/ns").mkdir(parents=True)
    (node.root / f"proc/{process}/ns/net").touch()


def item(maker, node, name, *identities, address="10.1.1.2", **more):
    return {
        "metadata": {
            "namespace": "podnet-probe",
            "name": name,
            "labels": {"app.kubernetes.io/name": maker},
            **more,
        },
        "spec": {"nodeName": node},
        "status": {
            "podIP": address,
            "phase": "Running",
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {"type": "Ready", "status": "True"},
            ],
            "containerStatuses": [
                {"name": letter, "containerID": f"containerd://{identity}", "state": {}}
                for letter, identity in zip("ab", identities, strict=False)
            ],
        },
    }


def test_a_pod_is_entered_through_the_processes_of_its_containers(node):
    one = node(1)
    container(one, "c1", 41)
    container(one, "c2", 42)
    found = pods.of_probe([item("daemon", "node-1", "daemon-x", "c1", "c2")])
    (pod,) = pods.pods([one], found)

    assert (pod.name, pod.label, str(pod.address), pod.mtu) == (
        "daemon-x",
        "daemon-1",
        "10.1.1.2",
        8951,
    )
    assert pod.netns == one.root / "proc/41/ns/net"
    assert {each.name: each.netns for each in pod.containers} == {
        "a": one.root / "proc/41/ns/net",
        "b": one.root / "proc/42/ns/net",
    }
    assert pod.exec_prefix == ("nsenter", "--net=/proc/41/ns/net")


def test_pods_are_called_by_kind_and_node_and_have_letters_where_that_is_not_enough(node):
    one, two = node(1), node(2)
    for number in range(4):
        container((one, one, two, two)[number], f"c{number}", 40 + number)
    found = pods.of_probe(
        [
            item("web", "node-1", "web-p", "c0"),
            item("web", "node-1", "web-b", "c1"),
            item("web", "node-2", "web-c", "c2"),
            item("daemon", "node-2", "daemon-c", "c3"),
        ]
    )

    assert [(pod.label, pod.name) for pod in pods.pods([one, two], found)] == [
        ("web-1a", "web-b"),
        ("web-1b", "web-p"),
        ("daemon-2", "daemon-c"),
        ("web-2", "web-c"),
    ]


def test_a_pod_in_the_network_of_its_node_is_an_endpoint_with_the_address_of_that(node):
    one = node(1)
    container(one, "c1", 41)
    found = pods.of_probe([item("host", "node-1", "host-x", "c1", address="192.168.1.11")])
    (endpoint,) = pods.hosts([one], found)

    assert (endpoint.name, endpoint.kind, str(endpoint.address), endpoint.mtu) == (
        "host-1",
        "node",
        "192.168.1.11",
        9001,
    )
    assert endpoint.netns == one.root / "proc/41/ns/net"


def test_what_is_not_of_the_proof_does_not_count(node):
    other = item("daemon", "node-1", "daemon-x", "c1")
    other["metadata"]["namespace"] = "default"
    strange = item("else", "node-1", "else-x", "c1")

    assert pods.of_probe([other, strange]) == {"daemon": [], "web": [], "host": []}


def test_a_container_of_a_former_boot_is_not_taken_for_one_of_this(node):
    one = node(1)
    (one.root / pods.BUNDLES / "c1").mkdir(parents=True)
    found = pods.of_probe([item("daemon", "node-1", "daemon-x", "c1")])
    with pytest.raises(NotYetError, match="node-1 has no container a of it"):
        pods.pods([one], found)

    (one.root / pods.BUNDLES / "c1/init.pid").write_text("41")
    with pytest.raises(NotYetError, match="its container a has ended"):
        pods.pods([one], found)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, "daemon-x is being deleted"),
        ({}, None),
    ],
    ids=["on its way out", "ready"],
)
def test_a_pod_that_goes_is_not_ready(change, reason):
    assert pods.why_not_ready(item("daemon", "node-1", "daemon-x", "c1", **change)) == reason


def test_a_pod_that_waits_says_for_what():
    waits = item("daemon", "node-1", "daemon-x", "c1")
    waits["status"]["containerStatuses"][0]["state"] = {
        "waiting": {"reason": "ErrImagePull", "message": "no such image"}
    }
    unplaced = item("daemon", "node-1", "daemon-y")
    unplaced["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}
    ]
    new = item("daemon", "node-1", "daemon-z")
    new["status"] = {"phase": "Pending"}

    assert pods.why_not_ready(waits) == "daemon-x: no such image"
    assert pods.why_not_ready(unplaced) == "daemon-y: 0/3 nodes are available"
    assert pods.why_not_ready(new) == "daemon-z: Pending"
