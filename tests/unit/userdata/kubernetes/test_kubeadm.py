import json
from ipaddress import IPv4Address, IPv4Network

import kubeadm as subject
import pytest
import yaml

from podnet import userdata
from podnet.plan.kubernetes import Kubernetes, Parameters
from podnet.plan.settings import Settings

FIELDS = {
    "endpoint": "ip-192-168-1-11.eu-central-1.compute.internal:6443",
    "token": "abcdef.0123456789abcdef",
    "caCertHash": f"sha256:{'0' * 64}",
}
OTHER = Settings(
    vpc_cidr=IPv4Network("172.20.4.0/22"),
    pod_cidr=IPv4Network("10.64.0.0/12"),
    pod_block_prefix=26,
    service_cidr=IPv4Network("10.200.0.0/16"),
    zones=2,
    kubernetes=Kubernetes.KUBEADM,
    kubernetes_version="1.36.4",
)


def documents(text):
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def environment(settings, stack):
    return dict(line.split("=", 1) for line in userdata.node_env(settings, stack).splitlines())


def test_a_cluster_finds_the_parameters_of_its_stack_wherever_that_is():
    given = environment(OTHER, "acme/podnet/prod")
    cluster = subject.Cluster.from_environ(given, "us-east-1")

    assert Parameters(cluster.stack).root == given["PODNET_PARAMETERS"]
    assert (
        documents(subject.text(subject.init(cluster, None)))["ClusterConfiguration"]["clusterName"]
        == "prod"
    )


def test_the_control_plane_is_made_as_the_golden_copy_says(golden, cluster):
    golden("kubeadm-init.yaml", subject.text(subject.init(cluster, "198.51.100.7")))


def test_a_node_joins_as_the_golden_copy_says(golden, cluster, address):
    golden("kubeadm-join.yaml", subject.text(subject.join(cluster, address, FIELDS)))


def test_the_firewall_is_as_the_golden_copy(golden, cluster):
    golden("podnet-kubernetes.nft", subject.firewall(cluster))


def test_a_node_learns_of_its_cluster_from_node_env():
    found = subject.Cluster.from_environ(environment(OTHER, "prod"), "us-east-1", ("Mem",))

    assert found == subject.Cluster(
        OTHER.addresses, IPv4Network("10.200.0.0/16"), "1.36.4", "prod", "us-east-1", ("Mem",)
    )


def test_every_number_of_the_configuration_comes_from_the_plan():
    cluster = subject.Cluster.from_environ(environment(OTHER, "prod"), "us-east-1", ("Mem", "Swap"))

    found = documents(subject.text(subject.init(cluster, None)))

    assert found["InitConfiguration"]["localAPIEndpoint"] == {
        "advertiseAddress": "172.20.4.11",
        "bindPort": 6443,
    }
    assert found["InitConfiguration"]["nodeRegistration"]["ignorePreflightErrors"] == [
        "Mem",
        "Swap",
    ]
    assert found["ClusterConfiguration"] == {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": "v1.36.4",
        "clusterName": "prod",
        "controlPlaneEndpoint": "ip-172-20-4-11.ec2.internal:6443",
        "encryptionAlgorithm": "ECDSA-P256",
        "networking": {
            "podSubnet": "10.64.0.0/12",
            "serviceSubnet": "10.200.0.0/16",
            "dnsDomain": "cluster.local",
        },
        "apiServer": {"certSANs": ["ip-172-20-4-11.ec2.internal", "172.20.4.11", "node-1"]},
        "controllerManager": {"extraArgs": [{"name": "allocate-node-cidrs", "value": "false"}]},
    }
    assert found["KubeletConfiguration"]["clusterDNS"] == ["10.200.0.10"]
    assert found["KubeProxyConfiguration"]["clusterCIDR"] == "10.64.0.0/12"


def test_the_certificate_holds_for_every_name_of_the_control_plane(cluster):
    found = documents(subject.text(subject.init(cluster, "198.51.100.7")))

    assert found["ClusterConfiguration"]["apiServer"]["certSANs"] == [
        "198.51.100.7",
        "ip-192-168-1-11.eu-central-1.compute.internal",
        "192.168.1.11",
        "node-1",
    ]


def test_a_kubelet_keeps_what_cis_asks_of_a_worker(cluster):
    found = subject.kubelet(cluster)

    assert found["authentication"]["anonymous"] == {"enabled": False}
    assert found["authentication"]["webhook"] == {"enabled": True}
    assert found["authorization"] == {"mode": "Webhook"}
    assert found["readOnlyPort"] == 0
    assert found["rotateCertificates"] is True
    assert found["streamingConnectionIdleTimeout"] != "0s"
    assert all("ECDHE" in suite and "CBC" not in suite for suite in found["tlsCipherSuites"])


def test_a_node_trusts_none_but_the_pinned_ca(cluster, address):
    found = documents(subject.text(subject.join(cluster, address, FIELDS)))["JoinConfiguration"]

    assert found["discovery"] == {
        "bootstrapToken": {
            "apiServerEndpoint": FIELDS["endpoint"],
            "token": FIELDS["token"],
            "caCertHashes": [FIELDS["caCertHash"]],
        }
    }
    assert "unsafeSkipCAVerification" not in json.dumps(found)


@pytest.mark.parametrize(
    ("address", "name"),
    [("192.168.1.12", "node-2"), ("192.168.2.11", "node-65"), ("192.168.3.13", "node-131")],
)
def test_a_node_is_named_by_its_number(cluster, address, name):
    assert cluster.name(IPv4Address(address)) == name
