"""Every setting of a cluster and of Flannel that is refused, with its whole message."""

from __future__ import annotations

import pytest

from podnet.plan import config
from podnet.plan.config import SettingsError
from podnet.plan.settings import Settings

KUBEADM = {"kubernetes": "kubeadm"}
FLANNEL = {**KUBEADM, "routing": "flannel", "apiCidrs": '["203.0.113.0/24"]'}
POLICY = {**KUBEADM, "apiCidrs": '["203.0.113.0/24"]'}
OTHER_IMAGE = "registry.example/flannel:v1@sha256:" + 64 * "0"

BAD = {
    "unknown kind of cluster": ({"kubernetes": "k3s"}, "choice-unknown"),
    "pods in the service range": ({**KUBEADM, "podCidr": "10.100.0.0/16"}, "ranges-overlap"),
    "services in the VPC": ({**KUBEADM, "serviceCidr": "192.168.0.0/20"}, "ranges-overlap"),
    "more services than kubeadm takes": (
        {**KUBEADM, "serviceCidr": "172.0.0.0/8"},
        "service-cidr-size",
    ),
    "fewer services than kubeadm takes": (
        {**KUBEADM, "serviceCidr": "10.96.0.0/29"},
        "service-cidr-size",
    ),
    "an outdated Kubernetes": (
        {**KUBEADM, "kubernetesVersion": "1.35.2"},
        "kubernetes-version-unsupported",
    ),
    "a version that is none": (
        {**KUBEADM, "kubernetesVersion": "latest"},
        "kubernetes-version-unsupported",
    ),
    "no patience": ({"clusterTimeoutSeconds": "9"}, "cluster-timeout-range"),
    "endless patience": ({"clusterTimeoutSeconds": "3601"}, "cluster-timeout-range"),
    "NodePorts of no cluster": ({"nodePortCidrs": '["203.0.113.0/24"]'}, "node-ports-need-cluster"),
    "NodePorts that are no list": ({**KUBEADM, "nodePortCidrs": "0.0.0.0/0"}, "cidrs-not-a-list"),
    "VXLAN on a NodePort": ({**KUBEADM, "vxlanPort": "30000"}, "vxlan-port-is-node-port"),
    "rolling the control plane alone": (
        {**KUBEADM, "nodeCount": "3", "roll": '["node-1"]'},
        "control-plane-rolled-alone",
    ),
    "NetworkPolicy without a cluster": (
        {"networkPolicy": "kube-network-policies"},
        "network-policy-needs-cluster",
    ),
    "two engines of NetworkPolicy": (
        {**KUBEADM, "networkPolicy": '["kube-router", "kube-network-policies"]'},
        "choice-unknown",
    ),
    "the image of an engine that is not used": (
        {**POLICY, "networkPolicy": "kube-network-policies", "kubeRouterImage": OTHER_IMAGE},
        "network-policy-image-without-engine",
    ),
    "an engine out of the program's reach": (
        {**KUBEADM, "networkPolicy": "kube-network-policies"},
        "network-policy-needs-api",
    ),
    "kube-router without an image": (
        {**POLICY, "networkPolicy": "kube-router"},
        "kube-router-image-missing",
    ),
    "an image of kube-router by tag": (
        {
            **POLICY,
            "networkPolicy": "kube-router",
            "kubeRouterImage": "docker.io/cloudnativelabs/kube-router:v2.1.0",
        },
        "image-not-pinned",
    ),
    "Flannel without a cluster": (
        {"routing": "flannel", "apiCidrs": '["203.0.113.0/24"]'},
        "flannel-needs-cluster",
    ),
    "Flannel out of the program's reach": (
        {**KUBEADM, "routing": "flannel"},
        "flannel-needs-api",
    ),
    "Flannel's back end without Flannel": (
        {**KUBEADM, "flannelBackend": "host-gw"},
        "flannel-setting-without-flannel",
    ),
    "Flannel's direct routing without Flannel": (
        {**KUBEADM, "routing": "overlay", "flannelDirectRouting": "true"},
        "flannel-setting-without-flannel",
    ),
    "Flannel's image without Flannel": (
        {"flannelImage": OTHER_IMAGE},
        "flannel-setting-without-flannel",
    ),
    "the image of Flannel's plugin without Flannel": (
        {"flannelPluginImage": OTHER_IMAGE},
        "flannel-setting-without-flannel",
    ),
    "an image by its tag": (
        {**FLANNEL, "flannelImage": "ghcr.io/flannel-io/flannel:v0.28.9"},
        "image-not-pinned",
    ),
    "unknown back end": ({**FLANNEL, "flannelBackend": "wireguard"}, "choice-unknown"),
    "direct routing by a back end that does nothing else": (
        {**FLANNEL, "flannelBackend": "host-gw", "flannelDirectRouting": "true"},
        "direct-routing-needs-vxlan",
    ),
    "Flannel's host-gw across zones": (
        {**FLANNEL, "flannelBackend": "host-gw", "zones": "2"},
        "flannel-host-gw-one-zone",
    ),
    "no VNI left for Flannel": ({**FLANNEL, "vni": "16777214"}, "flannel-vni-range"),
}
GOOD = {
    "one node with a control plane": {**KUBEADM, "nodeCount": "1"},
    "the largest range of services": {**KUBEADM, "serviceCidr": "10.96.0.0/12"},
    "the smallest range of services": {**KUBEADM, "serviceCidr": "10.96.0.0/28"},
    "a later patch": {**KUBEADM, "kubernetesVersion": "1.36.5"},
    "NodePorts for everybody": {**KUBEADM, "nodePortCidrs": '["0.0.0.0/0"]'},
    "VXLAN on a port that is a NodePort in no cluster": {"vxlanPort": "30000"},
    "any cluster in any number of zones": {**KUBEADM, "zones": "3", "routing": "overlay"},
    "rolling all but the control plane": {
        **KUBEADM,
        "nodeCount": "3",
        "roll": '["node-2", "node-3"]',
    },
    "rolling everything": {**KUBEADM, "roll": '["node-1", "node-2"]'},
    "Flannel in several zones": {**FLANNEL, "zones": "3", "flannelDirectRouting": "true"},
    "Flannel's host-gw": {**FLANNEL, "flannelBackend": "host-gw"},
    "Flannel's last VNI": {**FLANNEL, "vni": "16777213"},
    "other images": {
        **FLANNEL,
        "flannelImage": OTHER_IMAGE,
        "flannelPluginImage": "localhost:5000/a/b@sha256:" + 64 * "f",
    },
}


def read(values: dict[str, str]) -> Settings:
    return config.load({f"podnet:{name}": value for name, value in values.items()})


@pytest.mark.parametrize(("values", "rule"), BAD.values(), ids=BAD)
def test_bad_input_is_the_one_problem(values, rule):
    with pytest.raises(SettingsError) as caught:
        read(values)

    (problem,) = caught.value.problems
    assert problem.rule == rule
    assert all(name in problem.text for name in problem.about[:1])


@pytest.mark.parametrize("values", GOOD.values(), ids=GOOD)
def test_what_works_is_allowed(values):
    assert read(values)


def test_an_image_that_cannot_be_read_makes_no_rule_complain_about_its_default():
    with pytest.raises(SettingsError) as caught:
        read({"flannelImage": "flannel"})

    assert [problem.rule for problem in caught.value.problems] == ["image-not-pinned"]
