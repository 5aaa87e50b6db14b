"""Calico as the program deploys it into the cluster."""

from __future__ import annotations

import json

import pulumi
import pytest

from podnet.plan.cni import calico

IMAGE = f"registry.example/calico@sha256:{64 * '1'}"
STACK = {
    "kubernetes": "kubeadm",
    "routing": "external",
    "cni": "calico",
    "cniImage": IMAGE,
    "nodeCount": "3",
    "apiCidrs": '["203.0.113.0/24"]',
}


@pytest.fixture
def deployed(cloud):
    return cloud.has_cluster(3).deploy(**STACK)


def spec(cloud):
    """The pods of the DaemonSet."""
    return cloud.inputs("DaemonSet")["calico"]["spec"]["template"]["spec"]


def containers(cloud):
    pod = spec(cloud)
    return {item["name"]: item for item in (*pod["initContainers"], *pod["containers"])}


def variables(cloud, name="felix"):
    return {each["name"]: each.get("value") for each in containers(cloud)[name]["env"]}


def test_the_image_of_the_settings_is_run_and_no_other(deployed):
    assert {item["image"] for item in containers(deployed).values()} == {IMAGE}


def test_the_custom_cni_of_a_cluster_is_not_deployed(cloud):
    cloud.has_cluster(3).deploy(
        **{key: value for key, value in STACK.items() if key != "cniImage"} | {"cni": "custom"}
    )

    assert [item.type for item in cloud.resources if item.type.startswith("kubernetes:")] == []


def test_the_daemon_alone_is_privileged(deployed):
    rights = {name: item["securityContext"] for name, item in containers(deployed).items()}
    none = {
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"], "add": []},
    }

    assert rights == {
        "install-cni": none,
        "startup": none,
        "token": none,
        "felix": {"privileged": True, "readOnlyRootFilesystem": True},
    }
    pod = spec(deployed)
    assert not pod.keys() & {"hostPID", "hostIPC"}
    assert pod["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}


def test_every_mount_is_of_a_volume_that_the_pod_has(deployed):
    named = {volume["name"] for volume in spec(deployed)["volumes"]}
    mounted = {
        mount["name"] for item in containers(deployed).values() for mount in item["volumeMounts"]
    }

    assert mounted == named


def test_no_role_may_write_secrets_pods_or_nodes(deployed):
    for role in deployed.inputs("ClusterRole").values():
        for rule in role["rules"]:
            assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])
            if {"create", "update", "patch", "delete"} & {*rule["verbs"]}:
                assert not {"secrets", "pods", "nodes"} & {*rule["resources"]}
            if rule["resources"] == ["serviceaccounts/token"]:
                assert rule["resourceNames"] == ["calico-cni-plugin"]


def test_the_kinds_that_it_writes_are_there_before_it_runs(deployed):
    made = {
        item["spec"]["names"]["kind"]: item["spec"]["scope"]
        for item in deployed.inputs("CustomResourceDefinition").values()
    }
    (daemon,) = deployed.of("DaemonSet")

    assert made == {kind: scope for kind, (_, scope) in calico.KINDS.items()}
    for kind in ("CustomResourceDefinition", "ClusterRoleBinding", "IPPool"):
        assert {item.urn for item in deployed.of(kind)} <= {*daemon.depends_on}


@pytest.mark.parametrize(
    ("chosen", "mode", "routes"),
    [
        ("vxlan", "Always", "EnabledIPIPOnly"),
        ("cross-subnet", "CrossSubnet", "Enabled"),
        ("none", "Never", "Enabled"),
    ],
)
def test_pods_have_their_nodes_blocks_in_the_encapsulation_that_is_chosen(
    cloud, chosen, mode, routes
):
    cloud.has_cluster(3).deploy(**STACK, calicoEncapsulation=chosen, podCidr="10.64.0.0/12")

    pool = cloud.inputs("IPPool")["calico"]["spec"]
    assert (pool["cidr"], pool["vxlanMode"], pool["ipipMode"]) == ("10.64.0.0/12", mode, "Never")
    assert variables(cloud)["FELIX_PROGRAMCLUSTERROUTES"] == routes
    assert variables(cloud)["USE_POD_CIDR"] == "true"


def test_the_conflist_takes_addresses_of_the_block_and_leaves_space_for_vxlan(deployed):
    conflist = json.loads(variables(deployed, "install-cni")["CNI_NETWORK_CONFIG"])
    first, second = conflist["plugins"]

    assert first["ipam"] == {"type": "host-local", "subnet": "usePodCidr"}
    assert first["mtu"] == 8951
    assert second["type"] == "portmap"


def test_nodes_see_pods_under_their_own_addresses(deployed):
    assert variables(deployed)["FELIX_NATOUTGOINGEXCLUSIONS"] == "IPPoolsAndHostIPs"


def test_another_configuration_replaces_the_daemons(make_cloud):
    def annotation(**settings):
        cloud = make_cloud().has_cluster(3).deploy(**STACK, **settings)
        template = cloud.inputs("DaemonSet")["calico"]["spec"]["template"]
        return template["metadata"]["annotations"]["podnet/configuration"]

    assert annotation() != annotation(calicoEncapsulation="none")


def test_the_firewall_opens_calicos_port_between_nodes_and_the_tags_name_calico(deployed):
    assert "firewall-in-calico-udp-4789" in deployed.inputs("SecurityGroupIngressRule")
    assert {
        item["value"]
        for item in deployed.inputs("Tag").values()
        if item["key"] in ("podnet:routing", "podnet:settled")
    } == {"external-calico zones=1 vni=1 port=8472"}


def test_its_kinds_take_any_specification(deployed):
    made = deployed.inputs("CustomResourceDefinition")["calico-ippools"]["spec"]

    assert made["names"]["listKind"] == "IPPoolList"
    assert made["versions"][0]["schema"]["openAPIV3Schema"] == {
        "type": "object",
        # As Pulumi's SDK sends it; the provider writes it with dashes.
        "x_kubernetes_preserve_unknown_fields": True,
    }


def living(tag):
    """The nodes of a cluster that lives in a routing."""
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


@pytest.mark.parametrize(
    ("former", "settings", "latter"),
    [
        ("overlay", {}, "external-calico"),
        ("external-kube-router", {}, "external-calico"),
        ("external-calico", {"routing": "overlay", "cni": "none", "cniImage": ""}, "overlay"),
    ],
)
def test_a_change_to_another_cni_or_back_is_refused_while_nodes_live(
    cloud, former, settings, latter
):
    tag = f"{former} zones=1 vni=1 port=8472"
    cloud.holds(*living(tag), settled=tag).has_cluster(3)

    with pytest.raises(
        pulumi.RunError, match=f"podnet:routing cannot change from {former} to {latter}"
    ) as caught:
        cloud.deploy(**{**STACK, **settings})
    assert f"deploy a new stack with {latter}" in str(caught.value)
    assert cloud.resources == []


def test_calico_stays_calico(cloud):
    tag = "external-calico zones=1 vni=1 port=8472"
    cloud.holds(*living(tag), settled=tag).has_cluster(3).deploy(**STACK)

    assert len(cloud.of("DaemonSet")) == 1
