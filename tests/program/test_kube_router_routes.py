"""kube-router as the program deploys it where it routes pods."""

from __future__ import annotations

import json

import pytest

from podnet.plan import kube_router

STACK = {
    "kubernetes": "kubeadm",
    "routing": "external",
    "cni": "kube-router",
    "cniImage": kube_router.LAB_IMAGE,
    "nodeCount": "3",
    "apiCidrs": '["203.0.113.0/24"]',
}
CONFLIST = "/etc/cni/net.d/10-kuberouter.conflist"


@pytest.fixture
def deployed(cloud):
    return cloud.has_cluster(3).deploy(**STACK)


def spec(cloud):
    return cloud.inputs("DaemonSet")["kube-router"]["spec"]["template"]["spec"]


def test_router_and_firewall_run_and_no_service_proxy(deployed):
    (daemon,) = spec(deployed)["containers"]

    assert {"--run-router=true", "--run-firewall=true", "--run-service-proxy=false"} <= {
        *daemon["command"]
    }
    assert {item["name"]: item.get("value") for item in daemon["env"]}[
        "KUBE_ROUTER_CNI_CONF_FILE"
    ] == CONFLIST
    assert daemon["image"] == kube_router.LAB_IMAGE


def test_it_never_asks_aws_for_anything(deployed):
    (daemon,) = spec(deployed)["containers"]

    assert "--disable-source-dest-check=false" in daemon["command"]


@pytest.mark.parametrize(("zones", "overlay"), [("1", "false"), ("2", "true")])
def test_it_encapsulates_between_subnets_alone(cloud, zones, overlay):
    cloud.has_cluster(",".join(["3"] * int(zones))).deploy(**STACK, zones=zones)
    (daemon,) = spec(cloud)["containers"]

    assert f"--enable-overlay={overlay}" in daemon["command"]
    assert "--overlay-type=subnet" in daemon["command"]
    rules = cloud.inputs("SecurityGroupIngressRule")
    assert "firewall-in-kube-router-tcp-179" in rules
    assert ("firewall-in-kube-router-4" in rules) is (zones == "2")


def test_its_conflist_is_put_where_the_node_looks_and_the_router_completes_it(deployed):
    (install,) = spec(deployed)["initContainers"]
    text = deployed.inputs("ConfigMap")["kube-router"]["data"]["cni-conf.json"]
    bridge = json.loads(text)["plugins"][0]

    assert install["command"] == ["/bin/cp", "-f", "/etc/kube-router/cni-conf.json", CONFLIST]
    assert install["securityContext"]["readOnlyRootFilesystem"] is True
    assert (bridge["mtu"], bridge["ipam"]) == (8951, {"type": "host-local"})


def test_every_mount_is_of_a_volume_that_the_pod_has(deployed):
    pod = spec(deployed)
    named = {volume["name"] for volume in pod["volumes"]}
    mounted = {
        mount["name"]
        for item in (*pod["initContainers"], *pod["containers"])
        for mount in item["volumeMounts"]
    }

    assert mounted == named
