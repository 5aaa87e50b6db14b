"""The cluster as the plan has it, in the words of kubeadm; and the ports of a node that it closes.

Pure: from values to text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from plan.address import AddressPlan
from plan.kubernetes import (
    API_SERVER,
    CONTROL_PLANE,
    ETCD,
    KUBELET,
    Parameters,
    dns_service,
    endpoint,
)

KUBEADM = "kubeadm.k8s.io/v1beta4"
DROP_INS = "/etc/kubernetes/kubelet.conf.d"
# Of the suites of TLS 1.2 those that keep what was said secret after a key is lost; all of 1.3 do.
CIPHERS = [
    f"TLS_ECDHE_{key}_WITH_{cipher}"
    for key in ("ECDSA", "RSA")
    for cipher in ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")
]

Document = dict[str, Any]


@dataclass(frozen=True)
class Cluster:
    """The numbers of one stack's cluster."""

    plan: AddressPlan
    services: IPv4Network
    version: str
    stack: str
    region: str
    ignored: tuple[str, ...] = ()
    """Checks of kubeadm that this image cannot pass."""

    @classmethod
    def of(
        cls, environ: Mapping[str, str], region: str, ignored: tuple[str, ...] = ()
    ) -> "Cluster":
        """The cluster that a node is told of in node.env."""
        plan = AddressPlan(
            IPv4Network(environ["PODNET_VPC_CIDR"]),
            IPv4Network(environ["PODNET_POD_CIDR"]),
            int(environ["PODNET_BLOCK_PREFIX"]),
            int(environ["PODNET_ZONES"]),
        )
        return cls(
            plan,
            IPv4Network(environ["PODNET_SERVICE_CIDR"]),
            environ["PODNET_KUBERNETES_VERSION"],
            Parameters.below(environ["PODNET_PARAMETERS"]).stack,
            region,
            ignored,
        )

    @property
    def control_plane(self) -> IPv4Address:
        """The address of the control plane."""
        return self.plan.node(CONTROL_PLANE)

    @property
    def endpoint(self) -> str:
        """Where the API server is for all nodes."""
        return f"{endpoint(self.control_plane, self.region)}:{API_SERVER}"

    def name(self, address: IPv4Address) -> str:
        """The name that the node at this address has in the cluster."""
        return f"node-{self.plan.number(address)}"


def text(documents: list[Document]) -> str:
    """Documents as kubeadm reads them: JSON is YAML too."""
    return "---\n".join(f"{json.dumps(document, indent=2)}\n" for document in documents)


def init(cluster: Cluster, public: str | None) -> list[Document]:
    """With what the control plane is made; `public` is its address on the internet."""
    address = cluster.control_plane
    names = [public, cluster.endpoint.partition(":")[0], str(address), cluster.name(address)]
    return [
        {
            "apiVersion": KUBEADM,
            "kind": "InitConfiguration",
            # The others join by tokens made later; kubeadm insists on one of its own.
            "bootstrapTokens": [{"ttl": "1m0s"}],
            "localAPIEndpoint": {"advertiseAddress": str(address), "bindPort": API_SERVER},
            "nodeRegistration": _registration(cluster, address),
        },
        {
            "apiVersion": KUBEADM,
            "kind": "ClusterConfiguration",
            "kubernetesVersion": f"v{cluster.version}",
            "clusterName": cluster.stack,
            "controlPlaneEndpoint": cluster.endpoint,
            # With RSA keys the administrator's kubeconfig is longer than the 4096 characters of a
            # standard SSM parameter.
            "encryptionAlgorithm": "ECDSA-P256",
            "networking": {
                "podSubnet": str(cluster.plan.pods),
                "serviceSubnet": str(cluster.services),
                "dnsDomain": "cluster.local",
            },
            "apiServer": {"certSANs": [name for name in names if name]},
            # Blocks follow the address rule; see control.py.
            "controllerManager": {"extraArgs": [_argument("allocate-node-cidrs", "false")]},
        },
        kubelet(cluster),
        kube_proxy(cluster),
    ]


def join(cluster: Cluster, address: IPv4Address, told: Mapping[str, str]) -> list[Document]:
    """With what a node joins: the token, and the hash by which it knows the cluster's CA."""
    return [
        {
            "apiVersion": KUBEADM,
            "kind": "JoinConfiguration",
            "discovery": {
                "bootstrapToken": {
                    "apiServerEndpoint": told["endpoint"],
                    "token": told["token"],
                    "caCertHashes": [told["caCertHash"]],
                }
            },
            "nodeRegistration": _registration(cluster, address),
            "timeouts": {"discovery": "30s"},
        }
    ]


def kubelet(cluster: Cluster) -> Document:
    """The kubelet of every node; an image adds to it in its drop-in folder."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}},
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "systemd",
        "clusterDNS": [str(dns_service(cluster.services))],
        "clusterDomain": "cluster.local",
        "podPidsLimit": 4096,
        "readOnlyPort": 0,
        "rotateCertificates": True,
        "seccompDefault": True,
        "streamingConnectionIdleTimeout": "4h0m0s",
        "tlsCipherSuites": CIPHERS,
        "tlsMinVersion": "VersionTLS12",
    }


def kube_proxy(cluster: Cluster) -> Document:
    """Who gives Services their addresses on every node."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": str(cluster.plan.pods),
        # The kernel's limit is set at boot (91-podnet-kubernetes.conf), since kube-proxy gives up
        # where it may not set it.
        "conntrack": {"maxPerCore": 0},
    }


def firewall(cluster: Cluster) -> str:
    """What is closed on the node itself, in the words of nft.

    A security group lets nodes and pods have all ports, since it cannot tell a packet to a pod
    from one to its node. Who may have the API server and NodePorts, it can say by itself.
    """
    low, high = ETCD
    table = "table inet podnet-kubernetes"
    return f"""\
{table}
delete {table}
{table} {{
	chain input {{
		type filter hook input priority filter; policy accept;
		iifname "lo" accept
		ip saddr {cluster.control_plane} tcp dport {KUBELET} accept
		tcp dport {{ {low}-{high}, {KUBELET} }} counter drop
	}}
}}
"""


def _registration(cluster: Cluster, address: IPv4Address) -> Document:
    return {
        "name": cluster.name(address),
        "criSocket": "unix:///run/containerd/containerd.sock",
        "imagePullPolicy": "IfNotPresent",
        "ignorePreflightErrors": list(cluster.ignored),
        "kubeletExtraArgs": [
            _argument("config-dir", DROP_INS),
            _argument("node-ip", str(address)),
        ],
    }


def _argument(name: str, value: str) -> Document:
    return {"name": name, "value": value}
