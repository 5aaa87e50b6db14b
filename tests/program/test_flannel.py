"""Flannel as the program deploys it into the cluster."""

from __future__ import annotations

import json
import re

import pulumi
import pytest

from podnet.components.flannel_overlay import FlannelOverlay, FlannelOverlayArgs
from podnet.plan import flannel
from tests.program.conftest import KUBECONFIG

STACK = {
    "kubernetes": "kubeadm",
    "routing": "flannel",
    "nodeCount": "3",
    "apiCidrs": '["203.0.113.0/24"]',
}


@pytest.fixture
def deployed(cloud):
    return cloud.has_cluster(3).deploy(**STACK)


def spec(cloud):
    """The pods of the DaemonSet."""
    return cloud.inputs("DaemonSet")["flannel"]["spec"]["template"]["spec"]


def containers(cloud):
    pod = spec(cloud)
    return {item["name"]: item for item in (*pod["initContainers"], *pod["containers"])}


@pytest.mark.parametrize("routing", ["vpc-routes", "overlay"])
def test_no_other_routing_puts_anything_into_the_cluster(cloud, routing):
    cloud.has_cluster(3).deploy(**{**STACK, "routing": routing})

    assert [item.type for item in cloud.resources if item.type.startswith("kubernetes:")] == []
    assert [item.type for item in cloud.resources if "providers" in item.type] == []


def test_everything_of_flannel_goes_into_this_cluster_and_no_other(deployed):
    (provider,) = (item for item in deployed.resources if "providers" in item.type)
    made = [item for item in deployed.resources if item.type.startswith("kubernetes:")]

    assert provider.inputs["kubeconfig"] == KUBECONFIG
    assert "kubeconfig" in provider.secrets
    assert provider.inputs["clusterIdentifier"] == "nodes-a-node-1-id"
    assert json.loads(str(provider.inputs["deleteUnreachable"]).lower()) is True
    assert {item.type.rpartition(":")[2] for item in made} == {
        "Namespace",
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "DaemonSet",
    }
    assert {item.provider.rpartition("::")[0] for item in made} == {provider.urn}


def test_the_component_makes_no_provider_and_passes_the_given_one_on(cloud):
    def program() -> None:
        args = FlannelOverlayArgs(net_conf="{}", conflist="{}", image="a", plugin_image="b")
        provider = pulumi.ProviderResource("kubernetes", "elsewhere", {})
        FlannelOverlay("x", args, pulumi.ResourceOptions(providers=[provider]))

    cloud.build(program)
    children = [item for item in cloud.resources if item.type.startswith("kubernetes:")]

    assert {item.provider.split("::")[-2] for item in children} == {"elsewhere"}
    assert [item.name for item in cloud.resources if "providers" in item.type] == ["elsewhere"]


def test_the_namespace_admits_pods_on_the_nodes_network(deployed):
    metadata = deployed.inputs("Namespace")["flannel"]["metadata"]

    assert metadata["name"] == "kube-flannel"
    assert metadata["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"


def test_flannel_may_read_nodes_and_its_own_pod_and_note_something_on_nodes(deployed):
    assert deployed.inputs("ClusterRole")["flannel"]["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["patch"]},
    ]
    binding = deployed.inputs("ClusterRoleBinding")["flannel"]
    assert binding["roleRef"]["name"] == "flannel"
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "flannel", "namespace": "kube-flannel"}
    ]
    assert spec(deployed)["serviceAccountName"] == "flannel"


def test_its_network_number_and_port_come_from_the_settings_of_the_stack(cloud):
    cloud.has_cluster(3).deploy(
        **STACK, vni="7", vxlanPort="4789", podCidr="10.64.0.0/12", flannelDirectRouting="true"
    )
    data = cloud.inputs("ConfigMap")["flannel"]["data"]

    assert json.loads(data["net-conf.json"]) == {
        "Network": "10.64.0.0/12",
        "Backend": {"Type": "vxlan", "VNI": 9, "Port": 4789, "DirectRouting": True},
    }
    assert data["cni-conf.json"] == flannel.conflist()
    assert "firewall-in-vxlan-4789" in cloud.inputs("SecurityGroupIngressRule")
    assert {
        item["value"]
        for item in cloud.inputs("Tag").values()
        if item["key"] in ("podnet:routing", "podnet:settled")
    } == {"flannel-direct zones=1 vni=7 port=4789"}


def test_the_images_of_the_settings_are_run_and_no_other(cloud):
    own = f"registry.example/flannel@sha256:{64 * '1'}"
    plugin = f"registry.example/plugin@sha256:{64 * '2'}"
    cloud.has_cluster(3).deploy(**STACK, flannelImage=own, flannelPluginImage=plugin)

    assert {name: item["image"] for name, item in containers(cloud).items()} == {
        "install-cni-plugin": plugin,
        "install-cni": own,
        "kube-flannel": own,
    }


def test_the_default_images_are_pinned_by_digest(deployed):
    images = {item["image"] for item in containers(deployed).values()}

    assert images == {flannel.IMAGE, flannel.PLUGIN_IMAGE}
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", image) for image in images)


def test_no_container_has_more_rights_than_it_uses(deployed):
    rights = {name: item["securityContext"] for name, item in containers(deployed).items()}
    none = {
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"], "add": []},
    }

    assert rights == {
        "install-cni-plugin": none,
        "install-cni": none,
        "kube-flannel": {**none, "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}},
    }
    pod = spec(deployed)
    assert pod["hostNetwork"] is True
    assert not pod.keys() & {"hostPID", "hostIPC"}
    assert pod["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert {item["hostPath"]["path"] for item in pod["volumes"] if "hostPath" in item} == {
        "/run/flannel",
        "/opt/cni/bin",
        "/etc/cni/net.d",
    }


def test_every_mount_is_of_a_volume_that_the_pod_has(deployed):
    named = {volume["name"] for volume in spec(deployed)["volumes"]}
    mounted = {
        mount["name"] for item in containers(deployed).values() for mount in item["volumeMounts"]
    }

    assert mounted == named


def test_the_daemon_takes_the_nodes_address_and_leaves_masquerading_and_firewalls_alone(deployed):
    daemon = containers(deployed)["kube-flannel"]

    assert daemon["command"] == [
        "/opt/bin/flanneld",
        "--kube-subnet-mgr",
        "--iface=$(NODE_ADDRESS)",
        "--iptables-forward-rules=false",
        "--healthz-ip=127.0.0.1",
        "--healthz-port=8081",
    ]
    assert {item["name"]: item["valueFrom"]["fieldRef"]["fieldPath"] for item in daemon["env"]} == {
        "POD_NAME": "metadata.name",
        "POD_NAMESPACE": "metadata.namespace",
        "NODE_ADDRESS": "status.hostIP",
    }
    assert daemon["readinessProbe"]["httpGet"] == {
        "host": "127.0.0.1",
        "path": "/readyz",
        "port": 8081,
    }


def test_plugin_and_conflist_are_put_where_the_node_looks_for_them(deployed):
    items = containers(deployed)

    assert items["install-cni-plugin"]["command"] == [
        "cp",
        "-f",
        "/flannel",
        "/opt/cni/bin/flannel",
    ]
    assert items["install-cni"]["command"] == [
        "/opt/bin/install-conf",
        "/etc/kube-flannel/cni-conf.json",
        "/etc/cni/net.d/10-flannel.conflist",
    ]


def test_it_runs_on_every_node_whatever_is_wrong_with_it(deployed):
    pod = spec(deployed)

    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["priorityClassName"] == "system-node-critical"
    assert all("requests" in item["resources"] for item in containers(deployed).values())


def test_another_configuration_replaces_the_daemons(make_cloud):
    def annotation(**settings):
        cloud = make_cloud().has_cluster(3).deploy(**STACK, **settings)
        template = cloud.inputs("DaemonSet")["flannel"]["spec"]["template"]
        return template["metadata"]["annotations"]["podnet/told"]

    assert annotation() == annotation(checksumOffload="false")
    assert annotation() != annotation(vni="5")


def test_the_daemon_begins_only_when_it_may_read_what_it_needs(deployed):
    (binding,) = deployed.of("ClusterRoleBinding")
    (daemon,) = deployed.of("DaemonSet")

    assert binding.urn in daemon.depends_on


def test_nothing_is_deployed_into_a_cluster_that_a_preview_does_not_know_yet(cloud):
    cloud.has_cluster(3, kubeconfig="none").deploy(**STACK, dry_run=True)
    (provider,) = (item for item in cloud.resources if "providers" in item.type)

    assert isinstance(provider.inputs["kubeconfig"], pulumi.output.Unknown)
    assert "kubeconfig" in provider.secrets


def living(tag):
    """The nodes of a cluster that lives in a routing, or was tag one before it ever settled."""
    made_for = "192.168.1.0/24 10.1.0.0/16 /24 subnets=/24 nodes=/26 kubeadm 10.96.0.0/12"
    return [
        {
            "address": f"192.168.1.{10 + number}",
            "image": "ami-1",
            "podnet:routing": tag,
            "podnet:network": made_for,
            "podnet:version": "0000000000",
        }
        for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("dry_run", [True, False], ids=["preview", "up"])
@pytest.mark.parametrize("settled", [True, False], ids=["settled", "never settled"])
@pytest.mark.parametrize(
    ("former", "routing"), [("overlay", "flannel"), ("flannel", "overlay")], ids=str
)
def test_a_change_to_flannel_or_from_it_is_refused_while_nodes_live(
    cloud, former, routing, settled, dry_run
):
    tag = f"{former} zones=1 vni=1 port=8472"
    cloud.holds(*living(tag), settled=tag if settled else None).has_cluster(3)

    with pytest.raises(
        pulumi.RunError, match=f"podnet:routing cannot change from {former} to {routing}"
    ):
        cloud.deploy(**{**STACK, "routing": routing}, dry_run=dry_run)
    assert cloud.resources == []


def test_flannel_stays_flannel(cloud):
    tag = "flannel zones=1 vni=1 port=8472"
    cloud.holds(*living(tag), settled=tag).has_cluster(3).deploy(**STACK)

    assert len(cloud.of("DaemonSet")) == 1
