"""Calico with the nodes' own blocks: VXLAN, or no encapsulation, its routes by Felix alone.

What is said of Calico was read in projectcalico/calico@87c15906 (August 2026).
"""

from __future__ import annotations

import json
from enum import StrEnum
from ipaddress import IPv4Network

from podnet.plan.cni.preset import Cni, Opening, Preset
from podnet.plan.node_network import OVERHEAD, VPC_MTU

NAMESPACE = "calico-system"
PROGRAM = "/usr/bin/calico"
"""One program that is the daemon, the plugin and what installs it (cmd/calico/main.go)."""
PLUGINS, CONFLISTS, STATE = "/opt/cni/bin", "/etc/cni/net.d", "/var/lib/calico"
CONFLIST = "10-calico.conflist"
HEALTH_PORT = 9099
"""On the loopback address of each node (felix/config/config_params.go, HealthPort)."""
VXLAN_PORT = 4789
"""felix/config/config_params.go, VXLANPort."""
GROUP, VERSION = "crd.projectcalico.org", "v1"
"""Of the objects in which Calico keeps its state in Kubernetes."""
KINDS = {
    "BGPConfiguration": ("bgpconfigurations", "Cluster"),
    "ClusterInformation": ("clusterinformations", "Cluster"),
    "FelixConfiguration": ("felixconfigurations", "Cluster"),
    "GlobalNetworkPolicy": ("globalnetworkpolicies", "Cluster"),
    "GlobalNetworkSet": ("globalnetworksets", "Cluster"),
    "HostEndpoint": ("hostendpoints", "Cluster"),
    "IPAMConfig": ("ipamconfigs", "Cluster"),
    "IPPool": ("ippools", "Cluster"),
    "NetworkPolicy": ("networkpolicies", "Namespaced"),
    "NetworkSet": ("networksets", "Namespaced"),
    "Tier": ("tiers", "Cluster"),
}
"""The kinds that it writes, and those by which users say policies: plural and scope."""
ABSENT_KINDS = {
    GROUP: (
        "bgppeers",
        "blockaffinities",
        "stagedglobalnetworkpolicies",
        "stagedkubernetesnetworkpolicies",
        "stagednetworkpolicies",
    ),
    "kubevirt.io": ("virtualmachineinstancemigrations",),
    "policy.networking.k8s.io": ("clusternetworkpolicies",),
}
"""By group, the plurals of kinds that it lists too, and that podnet does not make
(libcalico-go/lib/backend/syncersv1/felixsyncer/felixsyncerv1.go, and attemptUpgradeHost in
libcalico-go/lib/ipam/ipam.go).

To Calico a kind that is not there is one without objects
(libcalico-go/lib/backend/watchersyncer/watchercache.go), and one that it may not list is an
error."""


class CalicoEncapsulation(StrEnum):
    """What Calico wraps pod packets in."""

    VXLAN = "vxlan"
    CROSS_SUBNET = "cross-subnet"
    """VXLAN between subnets, none inside one."""
    NONE = "none"


MODES = {
    CalicoEncapsulation.VXLAN: "Always",
    CalicoEncapsulation.CROSS_SUBNET: "CrossSubnet",
    CalicoEncapsulation.NONE: "Never",
}
"""As an IPPool has them (api/pkg/apis/projectcalico/v3/ippool.go, VXLANMode)."""

PRESET = Preset(
    cni=Cni.CALICO,
    title="Calico",
    conflist=f"{CONFLISTS}/{CONFLIST}",
    openings=(Opening(what="VXLAN of Calico", protocol="udp", first=VXLAN_PORT, last=VXLAN_PORT),),
    masquerades="what leaves the pods and the nodes",
    expects="",
    image_holds=f"with Calico's one program as {PROGRAM}, nft, ipset, conntrack and iptables",
)


def pool(
    pods: IPv4Network, block_prefix: int, encapsulation: CalicoEncapsulation
) -> dict[str, object]:
    """The addresses of pods; which node has which of them, its Node object says."""
    return {
        "cidr": str(pods),
        "blockSize": max(20, block_prefix),
        "ipipMode": "Never",
        "vxlanMode": MODES[encapsulation],
        "natOutgoing": True,
        "nodeSelector": "all()",
        "allowedUses": ["Workload", "Tunnel"],
    }


def conflist() -> str:
    """The conflist, as Calico's installer completes it (cni-plugin/pkg/install/install.go)."""
    calico = {
        "type": "calico",
        "datastore_type": "kubernetes",
        "nodename": "__KUBERNETES_NODE_NAME__",
        "log_file_path": "",
        "mtu": VPC_MTU - OVERHEAD,
        # The block of the address rule, which the Node object holds.
        "ipam": {"type": "host-local", "subnet": "usePodCidr"},
        "policy": {"type": "k8s"},
        "kubernetes": {"kubeconfig": "__KUBECONFIG_FILEPATH__"},
    }
    portmap = {"type": "portmap", "snat": True, "capabilities": {"portMappings": True}}
    value = {"name": "calico", "cniVersion": "1.0.0", "plugins": [calico, portmap]}
    return json.dumps(value, indent=2) + "\n"


def environment(encapsulation: CalicoEncapsulation) -> dict[str, str]:
    """The variables of its containers, beside the node's name."""
    return {
        "DATASTORE_TYPE": "kubernetes",
        "FELIX_DATASTORETYPE": "kubernetes",
        "WAIT_FOR_DATASTORE": "true",
        "USE_POD_CIDR": "true",
        "CALICO_NETWORKING_BACKEND": "vxlan",
        "NO_DEFAULT_POOLS": "true",
        "CLUSTER_TYPE": "k8s",
        "IP": "autodetect",
        "IP_AUTODETECTION_METHOD": "kubernetes-internal-ip",
        "CALICO_DISABLE_FILE_LOGGING": "true",
        "FELIX_LOGFILEPATH": "none",
        "FELIX_LOGSEVERITYSYS": "none",
        "FELIX_HEALTHENABLED": "true",
        "FELIX_HEALTHHOST": "127.0.0.1",
        "FELIX_IPV6SUPPORT": "false",
        "FELIX_DEFAULTENDPOINTTOHOSTACTION": "ACCEPT",
        # kube-proxy is on nftables, and Calico must be where kube-proxy is.
        "FELIX_NFTABLESMODE": "Enabled",
        "FELIX_VXLANMTU": str(VPC_MTU - OVERHEAD),
        # Nodes see a pod's own address, as in podnet's modes.
        "FELIX_NATOUTGOINGEXCLUSIONS": "IPPoolsAndHostIPs",
        # Routes inside a subnet by Felix, where BIRD would write them.
        "FELIX_PROGRAMCLUSTERROUTES": (
            "EnabledIPIPOnly" if encapsulation is CalicoEncapsulation.VXLAN else "Enabled"
        ),
        # Programs built without C lack what loads BPF.
        "FELIX_XDPENABLED": "false",
        "FELIX_BPFENABLED": "false",
        # Nor can they look for what BPF mode left, which never ran here
        # (RemoveConnectTimeLoadBalancer, felix/bpf/nat/connecttime.go).
        "FELIX_DebugSkipCTLBCleanup": "true",
    }
