"""Renders the configuration of kubeadm, and the firewall of a node's own ports.

Pure: from values to text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from podnet.plan.address import AddressPlan
from podnet.plan.kubernetes import (
    API_SERVER,
    CONTROL_PLANE,
    ETCD,
    KUBELET,
    Parameters,
    dns_service,
    endpoint,
)
from podnet.plan.names import node_name, number_at

KUBEADM = "kubeadm.k8s.io/v1beta4"
DROP_INS = "/etc/kubernetes/kubelet.conf.d"
# The suites of TLS 1.2 with forward secrecy; all suites of TLS 1.3 have it.
CIPHERS = [
    f"TLS_ECDHE_{key}_WITH_{cipher}"
    for key in ("ECDSA", "RSA")
    for cipher in ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")
]

Document = dict[str, Any]


@dataclass(frozen=True)
class Cluster:
    """The settings of one stack's cluster."""

    addresses: AddressPlan
    services: IPv4Network
    version: str
    stack: str
    region: str
    ignored: tuple[str, ...] = ()
    """Preflight checks of kubeadm that this image cannot pass."""
    cni: str = ""
    """Whose CNI carries pods in place of the nodes, as the setting of the stack has it."""

    @classmethod
    def from_environ(
        cls, environ: Mapping[str, str], region: str, ignored: tuple[str, ...] = ()
    ) -> "Cluster":
        """The cluster by the variables of a node's /etc/podnet/node.env."""
        return cls(
            AddressPlan.from_environ(environ),
            IPv4Network(environ["PODNET_SERVICE_CIDR"]),
            environ["PODNET_KUBERNETES_VERSION"],
            Parameters.from_root(environ["PODNET_PARAMETERS"]).stack,
            region,
            ignored,
            environ.get("PODNET_CNI", ""),
        )

    @property
    def control_plane(self) -> IPv4Address:
        """The address of the control plane."""
        return self.addresses.node(CONTROL_PLANE)

    @property
    def endpoint(self) -> str:
        """Host and port of the API server, for all nodes."""
        return f"{endpoint(self.control_plane, self.region)}:{API_SERVER}"

    def name(self, address: IPv4Address) -> str:
        """The name of the Node object for the node at this address."""
        return node_name(number_at(self.addresses, address))


def text(documents: list[Document]) -> str:
    """Documents in the YAML that kubeadm reads; JSON is YAML too."""
    return "---\n".join(f"{json.dumps(document, indent=2)}\n" for document in documents)


def init(cluster: Cluster, public: str | None) -> list[Document]:
    """The documents for `kubeadm init`; `public` is the address on the internet, if any."""
    address = cluster.control_plane
    names = [public, cluster.endpoint.partition(":")[0], str(address), cluster.name(address)]
    return [
        {
            "apiVersion": KUBEADM,
            "kind": "InitConfiguration",
            # Other nodes join by later tokens; kubeadm insists on one here.
            "bootstrapTokens": [{"ttl": "1m0s"}],
            "localAPIEndpoint": {"advertiseAddress": str(address), "bindPort": API_SERVER},
            "nodeRegistration": _registration(cluster, address),
        },
        {
            "apiVersion": KUBEADM,
            "kind": "ClusterConfiguration",
            "kubernetesVersion": f"v{cluster.version}",
            "clusterName": cluster.stack.rpartition("/")[2],
            "controlPlaneEndpoint": cluster.endpoint,
            # With RSA keys the administrator's kubeconfig is longer than the 4096 characters of a
            # standard SSM parameter.
            "encryptionAlgorithm": "ECDSA-P256",
            "networking": {
                "podSubnet": str(cluster.addresses.pods),
                "serviceSubnet": str(cluster.services),
                "dnsDomain": "cluster.local",
            },
            "apiServer": {"certSANs": [name for name in names if name]},
            # Blocks follow the address rule; see control_plane.py.
            "controllerManager": {"extraArgs": [_argument("allocate-node-cidrs", "false")]},
        },
        kubelet(cluster),
        kube_proxy(cluster),
    ]


def join(cluster: Cluster, address: IPv4Address, fields: Mapping[str, str]) -> list[Document]:
    """The documents for `kubeadm join`, with the fields of the join parameter."""
    return [
        {
            "apiVersion": KUBEADM,
            "kind": "JoinConfiguration",
            "discovery": {
                "bootstrapToken": {
                    "apiServerEndpoint": fields["endpoint"],
                    "token": fields["token"],
                    "caCertHashes": [fields["caCertHash"]],
                }
            },
            "nodeRegistration": _registration(cluster, address),
            "timeouts": {"discovery": "30s"},
        }
    ]


def kubelet(cluster: Cluster) -> Document:
    """The kubelet's configuration; an image can add to it in the drop-in folder."""
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
    """The configuration of kube-proxy."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": str(cluster.addresses.pods),
        # The kernel's limit is set at boot (91-podnet-kubernetes.conf), since kube-proxy exits
        # where it is not allowed to set it.
        "conntrack": {"maxPerCore": 0},
    }


def firewall(cluster: Cluster) -> str:
    """The nftables table that closes ports of the node itself.

    A security group gives nodes and pods all ports, since it cannot distinguish a packet to a pod
    from one to its node. Access to the API server and NodePorts it restricts by itself.
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
