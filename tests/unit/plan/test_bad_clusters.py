"""Every setting of a cluster and of Flannel that is refused, with its whole message."""

from __future__ import annotations

import pytest

from plan.settings import Settings, SettingsError

KUBEADM = {"kubernetes": "kubeadm"}
FLANNEL = {**KUBEADM, "routing": "flannel", "adminCidrs": '["203.0.113.0/24"]'}
OTHER_IMAGE = "registry.example/flannel:v1@sha256:" + 64 * "0"

BAD = {
    "unknown kind of cluster": (
        {"kubernetes": "k3s"},
        "podnet:kubernetes 'k3s' is unknown; known: none, kubeadm",
    ),
    "pods in the service range": (
        {**KUBEADM, "podCidr": "10.100.0.0/16"},
        (
            "podnet:podCidr 10.100.0.0/16 overlaps serviceCidr 10.96.0.0/12; "
            "choose ranges that share no address"
        ),
    ),
    "services in the VPC": (
        {**KUBEADM, "serviceCidr": "192.168.0.0/20"},
        (
            "podnet:vpcCidr 192.168.1.0/24 overlaps serviceCidr 192.168.0.0/20; "
            "choose ranges that share no address"
        ),
    ),
    "more services than kubeadm takes": (
        {**KUBEADM, "serviceCidr": "172.0.0.0/8"},
        (
            "podnet:serviceCidr 172.0.0.0/8 is a /8; kubeadm takes a range of services from /12 "
            "to /28"
        ),
    ),
    "fewer services than kubeadm takes": (
        {**KUBEADM, "serviceCidr": "10.96.0.0/29"},
        (
            "podnet:serviceCidr 10.96.0.0/29 is a /29; kubeadm takes a range of services from /12 "
            "to /28"
        ),
    ),
    "an older Kubernetes": (
        {**KUBEADM, "kubernetesVersion": "1.35.2"},
        (
            "podnet:kubernetesVersion 1.35.2 is not supported, since the configuration of the "
            "nodes is written for, and proved with, 1.36.x; use 1.36.0"
        ),
    ),
    "a version that is none": (
        {**KUBEADM, "kubernetesVersion": "latest"},
        "podnet:kubernetesVersion 'latest' is no version like 1.36.0",
    ),
    "no patience": (
        {"clusterTimeoutSeconds": "9"},
        "podnet:clusterTimeoutSeconds must be 10 to 3600, got 9",
    ),
    "endless patience": (
        {"clusterTimeoutSeconds": "3601"},
        "podnet:clusterTimeoutSeconds must be 10 to 3600, got 3601",
    ),
    "NodePorts of no cluster": (
        {"nodePortCidrs": '["203.0.113.0/24"]'},
        (
            "podnet:nodePortCidrs is for kubernetes kubeadm, got kubernetes none, which has no "
            "NodePorts; leave it out, or use kubeadm"
        ),
    ),
    "NodePorts that are no list": (
        {**KUBEADM, "nodePortCidrs": "0.0.0.0/0"},
        (
            "podnet:nodePortCidrs '0.0.0.0/0' is not a list of ranges; write it like "
            "[203.0.113.0/24]"
        ),
    ),
    "VXLAN on a NodePort": (
        {**KUBEADM, "vxlanPort": "30000"},
        (
            "podnet:vxlanPort 30000 is one of the NodePorts of Kubernetes, 30000 to 32767; use "
            "8472, Linux's own for VXLAN, 4789 or another free port"
        ),
    ),
    "rolling the control plane alone": (
        {**KUBEADM, "nodeCount": "3", "roll": '["node-1"]'},
        (
            "podnet:roll names node-1, the control plane: its disk holds the cluster, so made anew "
            "it is another cluster, of which the other nodes know nothing; leave node-1 out, or "
            "name all 3 nodes to begin with an empty cluster"
        ),
    ),
    "Flannel without a cluster": (
        {"routing": "flannel", "adminCidrs": '["203.0.113.0/24"]'},
        (
            "podnet:routing flannel needs kubernetes kubeadm, got kubernetes none: Flannel is a "
            "DaemonSet of a cluster; set kubernetes to kubeadm, or use overlay, which sends "
            "packets in the same way and needs no cluster"
        ),
    ),
    "Flannel out of the program's reach": (
        {**KUBEADM, "routing": "flannel"},
        (
            "podnet:adminCidrs must not be empty with routing flannel: the program deploys Flannel "
            "itself and must reach the API server for it, from where you run it; name the range "
            "that you connect from, as in [203.0.113.7/32]"
        ),
    ),
    "Flannel's back end without Flannel": (
        {**KUBEADM, "flannelBackend": "host-gw"},
        (
            "podnet:flannelBackend is for routing flannel, got routing vpc-routes; leave it out, "
            "or use flannel"
        ),
    ),
    "Flannel's direct routing without Flannel": (
        {**KUBEADM, "routing": "overlay", "flannelDirectRouting": "true"},
        (
            "podnet:flannelDirectRouting is for routing flannel, got routing overlay; leave it "
            "out, or use flannel"
        ),
    ),
    "Flannel's image without Flannel": (
        {"flannelImage": OTHER_IMAGE},
        (
            "podnet:flannelImage is for routing flannel, got routing vpc-routes; leave it out, or "
            "use flannel"
        ),
    ),
    "the image of Flannel's plugin without Flannel": (
        {"flannelPluginImage": OTHER_IMAGE},
        (
            "podnet:flannelPluginImage is for routing flannel, got routing vpc-routes; leave it "
            "out, or use flannel"
        ),
    ),
    "an image by its tag": (
        {**FLANNEL, "flannelImage": "ghcr.io/flannel-io/flannel:v0.28.9"},
        (
            "podnet:flannelImage 'ghcr.io/flannel-io/flannel:v0.28.9' is not a container image "
            "pinned by its digest; write it like registry.example/path/name:tag@sha256:..., since "
            "a tag alone can be moved to another image"
        ),
    ),
    "unknown back end": (
        {**FLANNEL, "flannelBackend": "wireguard"},
        "podnet:flannelBackend 'wireguard' is unknown; known: vxlan, host-gw",
    ),
    "direct routing by a back end that does nothing else": (
        {**FLANNEL, "flannelBackend": "host-gw", "flannelDirectRouting": "true"},
        (
            "podnet:flannelDirectRouting is for flannelBackend vxlan, got host-gw, which forwards "
            "directly anyway; leave it out, or use vxlan"
        ),
    ),
    "Flannel's host-gw across zones": (
        {**FLANNEL, "flannelBackend": "host-gw", "zones": "2"},
        (
            "podnet:flannelBackend host-gw takes 1 zone, got zones 2: a frame for a node in "
            "another subnet goes to the VPC router, which knows no pod route; use vxlan (with "
            "flannelDirectRouting it forwards as host-gw inside a subnet), or 1 zone"
        ),
    ),
    "no VNI left for Flannel": (
        {**FLANNEL, "vni": "16777214"},
        (
            "podnet:vni must be 1 to 16777213 with routing flannel, got 16777214 (Flannel uses the "
            "next one but one)"
        ),
    ),
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
    return Settings.from_config({f"podnet:{name}": value for name, value in values.items()})


@pytest.mark.parametrize(("values", "problem"), BAD.values(), ids=BAD)
def test_bad_input_is_the_one_problem_told(values, problem):
    with pytest.raises(SettingsError) as caught:
        read(values)

    assert caught.value.problems == [problem]


@pytest.mark.parametrize("values", GOOD.values(), ids=GOOD)
def test_what_works_is_allowed(values):
    assert read(values)


def test_an_image_that_cannot_be_read_makes_no_rule_complain_about_its_default():
    with pytest.raises(SettingsError) as caught:
        read({"flannelImage": "flannel"})

    assert [problem.partition(";")[0] for problem in caught.value.problems] == [
        "podnet:flannelImage 'flannel' is not a container image pinned by its digest"
    ]
