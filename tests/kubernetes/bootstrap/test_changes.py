"""Nodes that reboot, come, are refused, and go. In this order, on one cluster."""

import json
import subprocess
from datetime import UTC, datetime

import pytest

from podnet.lab.images.kubernetes.contents import POD_IMAGE
from podnet.system.commands import CommandError

pytestmark = pytest.mark.kubernetes


def started(node, unit, what="ActiveEnter"):
    name = f"{what}TimestampMonotonic"
    return int(node.run("systemctl", "show", f"--property={name}", "--value", unit))


def started_at(node, unit):
    """When a unit started, as Kubernetes writes times.

    A kubelet whose state stays the same reports it every five minutes (kubelet configuration,
    `nodeStatusReportFrequency`), so the first report after its start counts, however early.
    """
    shown = ("show", "--property=ActiveEnterTimestamp", "--value", "--timestamp=unix", unit)
    seconds = int(node.run("systemctl", *shown).strip().removeprefix("@"))
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def answers(node):
    """Whether the API server answers this node."""
    try:
        node.run("bash", "-c", "exec 3<>/dev/tcp/192.168.1.11/6443", timeout=3)
    except (CommandError, subprocess.TimeoutExpired):
        return False
    return True


@pytest.mark.parametrize("name", ["node-2", pytest.param("node-1", marks=pytest.mark.long)])
def test_a_node_that_reboots_is_ready_again_and_not_before_its_network_is(cluster_of_three, name):
    cluster = cluster_of_three
    before = cluster.nodes[name].run("systemctl", "show", "--property=UserspaceTimestamp")
    cluster.ec2.reboot_instances(InstanceIds=[cluster.wanted[name]])

    def rebooted():
        cluster.find()
        return (
            cluster.nodes[name].run("systemctl", "show", "--property=UserspaceTimestamp") != before
        )

    cluster.until(rebooted, f"{name} has booted again", 60)
    node = cluster.nodes[name]
    cluster.until(lambda: started(node, "kubelet"), "the kubelet runs", 60)
    began = started_at(node, "kubelet")

    def heard_of_since():
        item = next(one for one in cluster.get("nodes") if one["metadata"]["name"] == name)
        ready = next(one for one in item["status"]["conditions"] if one["type"] == "Ready")
        return ready["status"] == "True" and ready["lastHeartbeatTime"] >= began

    cluster.until(heard_of_since, f"{name} is ready again")
    assert started(node, "podnet-agent") <= started(node, "kubelet", "ExecMainStart")
    assert "podnet-kubernetes" in node.run("nft", "list", "tables")


@pytest.mark.long
def test_a_node_meets_another_ca_than_the_pinned_one_and_does_not_join(cluster_of_three):
    cluster = cluster_of_three
    control = cluster.nodes["node-1"]
    fields = json.loads(cluster.parameter(cluster.names.join)["Value"])
    control.run("systemctl", "stop", "podnet-control-plane")
    cluster.ssm.put_parameter(
        Name=cluster.names.join,
        Type="SecureString",
        Overwrite=True,
        Value=json.dumps({**fields, "caCertHash": f"sha256:{'0' * 64}"}),
    )
    cluster.ssm.put_parameter(Name=cluster.names.settled, Type="String", Overwrite=True, Value="4")
    cluster.up(4)

    cluster.until(
        lambda: "join refused: the API server" in cluster.journal("node-4", "podnet-kubernetes"),
        "node-4 logs what is wrong",
    )
    journal = cluster.journal("node-4", "podnet-kubernetes")
    assert f"has another CA than the one pinned in {cluster.names.join}" in journal
    assert "is in the cluster" not in journal
    assert "node-4" not in {item["metadata"]["name"] for item in cluster.get("nodes")}

    control.run("systemctl", "start", "podnet-control-plane")
    cluster.until_ready()


def test_a_node_that_is_removed_is_drained_first_and_leaves_nothing(cluster_of_three):
    cluster = cluster_of_three
    cluster.up(4)
    cluster.until_ready()
    label = {"matchLabels": {"app": "web"}}
    spread = {
        "topologyKey": "kubernetes.io/hostname",
        "maxSkew": 1,
        "labelSelector": label,
        "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": "Honor",
    }
    cluster.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "replicas": 3,
                "selector": label,
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {
                        "terminationGracePeriodSeconds": 1,
                        "topologySpreadConstraints": [spread],
                        "containers": [{"name": "pod", "image": POD_IMAGE}],
                    },
                },
            },
        },
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "web"},
            "spec": {"maxUnavailable": 1, "selector": label},
        },
    )
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert "node-4" in {pod["spec"]["nodeName"] for pod in cluster.get("pods")}

    cluster.up(3)

    assert {item["metadata"]["name"] for item in cluster.get("nodes")} == {
        "node-1",
        "node-2",
        "node-3",
    }
    assert cluster.parameter(cluster.names.settled)["Value"] == "3"
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert "node-4" not in {pod["spec"]["nodeName"] for pod in cluster.get("pods")}
    journal = cluster.journal("node-1", "podnet-control-plane")
    assert "draining node-4: pods of DaemonSets stay, disruption budgets are respected" in journal
    assert "node-4 is removed from the cluster" in journal


def test_without_its_control_plane_the_data_plane_forwards(cluster_of_three):
    cluster = cluster_of_three
    cluster.kubectl("scale", "deployment/web", "--replicas=4")
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    pods = {pod["status"]["podIP"]: pod["spec"]["nodeName"] for pod in cluster.get("pods")}
    assert answers(cluster.nodes["node-2"])
    cluster.ec2.stop_instances(InstanceIds=[cluster.wanted["node-1"]])
    cluster.until(lambda: not answers(cluster.nodes["node-2"]), "the API server is gone", 60)

    for address, place in pods.items():
        other = next(name for name in ("node-2", "node-3") if name != place)
        cluster.nodes[other].run("ping", "-c", "1", "-W", "2", address)
