"""What the Kubernetes image is for: kubelets that become ready and run pods, on this kernel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from podnet.lab.cloud.instances.cgroups import controllers
from podnet.lab.images.kubernetes.contents import POD_IMAGE
from podnet.plan import flannel
from tests.kubernetes.by_hand.cluster import ALL, NODES, kernel_settings

pytestmark = pytest.mark.kubernetes

POD_SECONDS = 60
ASK_FOR_THE_API = """
import socket
question = bytes(2) + bytes([1, 0, 0, 1]) + bytes(6)
for word in b"kubernetes default svc cluster local".split():
    question += bytes([len(word)]) + word
question += bytes([0, 0, 1, 0, 1])
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(5)
asking.sendto(question, ("10.96.0.10", 53))
print(socket.inet_ntoa(asking.recv(512)[-4:]))
"""


def pods(cluster, name, **more):
    """One pod a node; returns their addresses by node once all of them run."""
    cluster.kubectl(
        "apply",
        "--filename=-",
        stdin=json.dumps(
            {
                "apiVersion": "apps/v1",
                "kind": "DaemonSet",
                "metadata": {"name": name},
                "spec": {
                    "selector": {"matchLabels": {"app": name}},
                    "template": {
                        "metadata": {"labels": {"app": name}},
                        "spec": {
                            "tolerations": [{"operator": "Exists"}],
                            "terminationGracePeriodSeconds": 1,
                            "containers": [{"name": "pod", "image": POD_IMAGE}],
                            **more,
                        },
                    },
                },
            }
        ),
    )

    def running():
        found = {
            pod["spec"]["nodeName"]: pod["status"].get("podIP")
            for pod in cluster.get("pods", f"--selector=app={name}")
            if pod["status"]["phase"] == "Running"
        }
        return len(found) == len(NODES) and found

    return cluster.cloud.until(running, f"{name} runs on every node", POD_SECONDS)


def test_a_pod_of_each_node_is_reached_from_every_node(cluster):
    addresses = pods(cluster, "there")

    assert {node: address.rsplit(".", 1)[0] for node, address in addresses.items()} == {
        f"node-{number}": f"10.9.{number}" for number in NODES
    }
    for node in cluster.nodes.values():
        for address in addresses.values():
            node.run("ping", "-c", "1", "-W", "5", address)


def test_services_and_names_are_answered_on_every_node(cluster):
    cluster.kubectl(
        "--namespace=kube-system",
        "rollout",
        "status",
        "deployment/coredns",
        f"--timeout={POD_SECONDS}s",
    )

    for node in cluster.nodes.values():
        assert node.run("python3", "-c", ASK_FOR_THE_API).strip() == "10.96.0.1"
        node.run("timeout", "5", "bash", "-c", "exec 3<>/dev/tcp/10.96.0.1/443")


def test_the_images_of_flannel_start_by_their_digests_and_bring_the_plugin(cluster):
    mount = {"name": "plugins", "mountPath": flannel.PLUGIN_DIRECTORY}
    pods(
        cluster,
        "flannel",
        volumes=[
            {
                "name": "plugins",
                "hostPath": {"path": flannel.PLUGIN_DIRECTORY, "type": "DirectoryOrCreate"},
            },
        ],
        initContainers=[
            {
                "name": "plugin",
                "image": flannel.PLUGIN_IMAGE,
                "volumeMounts": [mount],
                "command": ["cp", "-f", "/flannel", f"{flannel.PLUGIN_DIRECTORY}/flannel"],
            },
            {
                "name": "daemon",
                "image": flannel.IMAGE,
                "command": ["/opt/bin/flanneld", "--version"],
            },
        ],
    )

    for node in cluster.nodes.values():
        said = json.loads(
            node.run(
                "env", "CNI_COMMAND=VERSION", f"{flannel.PLUGIN_DIRECTORY}/flannel", stdin="{}"
            )
        )
        assert "0.4.0" in said["supportedVersions"]


def test_the_settings_of_the_machine_are_its_own(cluster, settings):
    assert kernel_settings() == settings
    assert cluster.nodes[1].run("sysctl", "-n", "kernel.panic", "vm.overcommit_memory").split() == [
        "10",
        "1",
    ]


def test_containers_are_in_control_groups_of_the_lab(cluster):
    pods(cluster, "there")
    inside = set(
        cluster.nodes[2].run("ctr", "--namespace=k8s.io", "tasks", "list", "--quiet").split()
    )
    folder = Path(f"lab-{cluster.cloud.home.id}", cluster.ids[2])

    for root in controllers(Path("/proc/self/mounts").read_text()):
        found = {path.name for path in (root / folder).rglob("*") if path.name in inside}
        assert found == inside
        assert not {path.name for path in root.iterdir()} & {"kubepods", "k8s.io", "pod"}


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(3, id="worker"),
        pytest.param(1, id="control plane", marks=pytest.mark.long),
    ],
)
def test_a_node_that_reboots_comes_back_ready(cluster, number):
    before = cluster.nodes[number]
    cluster.cloud.ec2.reboot_instances(InstanceIds=[cluster.ids[number]])
    cluster.nodes[number] = cluster.cloud.booted(f"node-{number}", before.pid)
    cluster.until_renewed(number)
    cluster.until_ready()

    assert cluster.ready() == ALL
