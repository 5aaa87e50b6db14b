import dataclasses
from base64 import b64decode
from ipaddress import IPv4Network

import pytest
import yaml
from kubeadm import Cluster

from podnet import userdata
from podnet.plan.cni import Cni
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.userdata import rendering

CLUSTER = Settings(kubernetes=Kubernetes.KUBEADM)


def test_nodes_of_a_cluster_know_what_it_is():
    plain, cluster = userdata.node_env(Settings(), "dev"), userdata.node_env(CLUSTER, "dev")

    assert cluster == plain + (
        "PODNET_KUBERNETES=kubeadm\n"
        "PODNET_KUBERNETES_VERSION=1.36.0\n"
        "PODNET_PARAMETERS=/podnet/dev/kubernetes\n"
        "PODNET_SERVICE_CIDR=10.96.0.0/12\n"
    )


def test_nodes_of_a_cluster_know_whose_cni_carries_its_pods():
    other = dataclasses.replace(CLUSTER, routing=RoutingMode.EXTERNAL, cni=Cni.CALICO)
    own, external = userdata.node_env(CLUSTER, "dev"), userdata.node_env(other, "dev")

    assert external == own + "PODNET_CNI=calico\n"
    assert Cluster.from_environ(environ(external), "eu-central-1").cni == "calico"
    assert Cluster.from_environ(environ(own), "eu-central-1").cni == ""


def environ(text):
    return dict(line.split("=", 1) for line in text.splitlines())


def test_the_updater_alone_is_started_by_user_data_and_not_waited_for():
    assert yaml.safe_load(userdata.render(CLUSTER, "dev"))["runcmd"][-1] == [
        *("systemctl", "enable", "--now", "--no-block", "podnet-update")
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"kubernetes_version": "1.36.4"},
        {"node_port_cidrs": (IPv4Network("203.0.113.0/24"),)},
        {"cluster_timeout_seconds": 60},
    ],
    ids=lambda change: next(iter(change)),
)
def test_without_a_cluster_no_setting_of_one_changes_a_byte(change):
    changed = dataclasses.replace(Settings(), **change)

    assert userdata.render(changed, "dev") == userdata.render(Settings(), "dev")


def test_the_stack_is_named_in_its_parameters():
    assert "PODNET_PARAMETERS=/podnet/prod/kubernetes\n" in userdata.node_env(CLUSTER, "prod")
    assert "PODNET_FILES=/podnet/prod/files\n" in userdata.node_env(Settings(), "prod")


def test_a_long_name_of_a_stack_still_fits():
    raw = b64decode(userdata.encoded(CLUSTER, "a-stack-with-a-name-as-long-as-this-one-is-longer"))

    assert len(raw) <= rendering.LIMIT
