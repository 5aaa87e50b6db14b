"""A new cluster, as its API and the kernels of its nodes report it."""

import json

import pytest

pytestmark = pytest.mark.kubernetes

ASK = """
import http.client, ssl, sys
for place in sys.argv[1:]:
    host, _, port = place.partition(":")
    peer = http.client.HTTPSConnection(host, int(port), timeout=2,
                                       context=ssl._create_unverified_context())
    try:
        peer.request("GET", "/pods")
        print(place, peer.getresponse().status)
    except TimeoutError:
        print(place, "no answer")
    except OSError as error:
        print(place, type(error).__name__)
"""
PRIVATE = (
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/pki/ca.crt",
    "/var/lib/kubelet/config.yaml",
    "/usr/lib/systemd/system/kubelet.service",
    "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
    "/etc/systemd/system/kubelet.service.d/20-podnet.conf",
)


def test_every_node_is_ready_and_has_the_block_of_the_rule(cluster_of_three):
    cluster = cluster_of_three

    def blocks():
        return {
            item["metadata"]["name"]: item["spec"].get("podCIDR") for item in cluster.get("nodes")
        }

    expected = {f"node-{number}": f"10.1.{number}.0/24" for number in (1, 2, 3)}
    cluster.until(lambda: blocks() == expected, "each node has its block", 30)


def test_the_dns_of_the_cluster_runs_on_the_nodes_own_conflist(cluster_of_three):
    cluster_of_three.kubectl(
        "--namespace=kube-system", "rollout", "status", "deployment/coredns", "--timeout=60s"
    )

    found = cluster_of_three.get("pods", "--namespace=kube-system", "--selector=k8s-app=kube-dns")

    blocks = {f"node-{number}": f"10.1.{number}." for number in (1, 2, 3)}
    assert [
        pod["status"]["podIP"]
        for pod in found
        if not pod["status"]["podIP"].startswith(blocks[pod["spec"]["nodeName"]])
    ] == []


@pytest.mark.parametrize("name", ["node-1", "node-2"])
def test_the_kubelets_files_are_roots_alone(cluster_of_three, name):
    # The drop-in of podnet is a link into the release that the node runs.
    modes = cluster_of_three.nodes[name].run("stat", "-L", "--format=%a %U", *PRIVATE)

    assert set(modes.splitlines()) == {"600 root"}


@pytest.mark.parametrize("name", ["node-1", "node-3"])
def test_a_running_kubelet_has_the_settings_that_cis_asks_for(cluster_of_three, name):
    raw = cluster_of_three.kubectl("get", "--raw", f"/api/v1/nodes/{name}/proxy/configz")

    found = json.loads(raw)["kubeletconfig"]
    assert found["authentication"]["anonymous"] == {"enabled": False}
    assert found["authentication"]["webhook"]["enabled"] is True
    assert found["authorization"]["mode"] == "Webhook"
    assert found.get("readOnlyPort", 0) == 0
    assert found["rotateCertificates"] is True
    assert found["streamingConnectionIdleTimeout"] == "4h0m0s"


def test_kubelets_answer_the_control_plane_alone_and_etcd_nobody(cluster_of_three):
    nodes = cluster_of_three.nodes
    kubelet, etcd, api = "192.168.1.13:10250", "192.168.1.11:2379", "192.168.1.11:6443"
    asked = (kubelet, etcd, api)

    def answers(name):
        lines = nodes[name].run("python3", "-", *asked, stdin=ASK).splitlines()
        return dict(line.split(" ", 1) for line in lines)

    assert answers("node-2") == {kubelet: "no answer", etcd: "no answer", api: "403"}
    assert answers("node-1")[kubelet] == "401"


def test_a_pod_reaches_no_kubelet_not_even_its_own_nodes(cluster_of_three):
    cluster = cluster_of_three
    own, other = "192.168.1.12:10250", "192.168.1.13:10250"
    node = cluster.nodes["node-2"]
    cluster.nodes["node-2"].run("ip", "netns", "add", "asking")
    try:
        pod = "10.1.2.250"
        for line in (
            "link add asking type veth peer name eth0 netns asking",
            "link set asking master kube-bridge up",
            f"-n asking address add {pod}/24 dev eth0",
            "-n asking link set eth0 up",
            "-n asking route add default via 10.1.2.1",
        ):
            node.run("ip", *line.split())
        output = node.run("ip", "netns", "exec", "asking", "python3", "-", own, other, stdin=ASK)
    finally:
        node.run("ip", "netns", "delete", "asking")

    assert output.splitlines() == [f"{own} no answer", f"{other} no answer"]


def test_a_second_run_changes_nothing(cluster_of_three):
    node = cluster_of_three.nodes["node-2"]
    look = (
        "find",
        "/etc/kubernetes",
        "/var/lib/kubelet/config.yaml",
        "/etc/podnet",
        "/etc/systemd",
        "-type",
        "f",
        "-printf",
        "%p %T@ %m\n",
    )
    before = node.run(*look), node.run("pidof", "kubelet", "containerd")

    node.run("systemctl", "restart", "podnet-kubernetes")
    cluster_of_three.until(
        lambda: (
            node.run("systemctl", "show", "--property=SubState", "podnet-kubernetes")
            == "SubState=exited\n"
        ),
        "the second run is over",
        60,
    )

    assert (node.run(*look), node.run("pidof", "kubelet", "containerd")) == before
    assert cluster_of_three.journal("node-2", "podnet-kubernetes").count("is in the cluster") == 1


def test_secrets_are_stored_as_secrets_and_logged_nowhere(cluster_of_three):
    cluster = cluster_of_three
    join, kubeconfig = (
        cluster.parameter(name) for name in (cluster.names.join, cluster.names.kubeconfig)
    )
    token = json.loads(join["Value"])["token"]

    assert {join["Type"], kubeconfig["Type"]} == {"SecureString"}
    units = ("podnet-kubernetes", "podnet-control-plane", "kubelet")
    assert [name for name in cluster.nodes if token in cluster.journal(name, *units)] == []
    assert len(kubeconfig["Value"]) <= 4096
