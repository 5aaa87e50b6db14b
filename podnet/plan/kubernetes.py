"""The Kubernetes that nodes run: versions, ports, and the names of its SSM parameters.

Standard library only, since every node of a cluster receives this very file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from podnet.plan.names import node_name

VERSION = "1.36.0"
"""The version a stack gets that names none."""
SUPPORTED = ("1.36",)
"""Minor versions by which the files for the nodes were written and proved: kubeadm's v1beta4, the
kubelet's drop-in folder, kube-proxy on nftables. Another minor is another set of packages too."""

CONTROL_PLANE = 1
"""The number of the node that is the control plane."""
CONTROL_PLANE_NODE = node_name(CONTROL_PLANE)
API_SERVER = 6443
KUBELET = 10250
ETCD = (2379, 2380)
NODE_PORTS = (30000, 32767)
FLANNEL_VNI_OFFSET = 2
"""Flannel's network identifier is this much above the plan's: our own devices use the first two."""

UNWRITTEN = "none"
"""The value of a parameter of the control plane until it has written its own; SSM allows no empty
one (PutParameter: at least one character)."""


class Kubernetes(StrEnum):
    """What forms a cluster of the nodes."""

    NONE = "none"
    KUBEADM = "kubeadm"


def unsupported_reason(version: str) -> str | None:
    """Why nodes cannot run this version; None where they can."""
    known = " or ".join(f"{minor}.x" for minor in SUPPORTED)
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        return f"{version!r} is no version like {VERSION}"
    if version.rpartition(".")[0] in SUPPORTED:
        return None
    return (
        f"{version} is not supported, since the configuration of the nodes is written for, and "
        f"proved with, {known}; use {VERSION}"
    )


def endpoint(address: IPv4Address, region: str) -> str:
    """The private DNS name that AWS gives an address of a VPC in this region."""
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{str(address).replace('.', '-')}.{domain}"


def dns_service(services: IPv4Network) -> IPv4Address:
    """The address of the cluster's DNS: by kubeadm's own rule the tenth of the range."""
    return services[10]


@dataclass(frozen=True)
class Parameters:
    """The SSM parameters of a stack, by name."""

    stack: str
    """`plan.tags.identity`."""

    @classmethod
    def from_root(cls, root: str) -> Parameters:
        """The parameters below the folder that a node has in its `node.env`."""
        return cls(root.removeprefix("/podnet/").removesuffix("/kubernetes"))

    @property
    def root(self) -> str:
        """The folder of them all."""
        return f"/podnet/{self.stack}/kubernetes"

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (self.nodes, self.settled, self.join, self.kubeconfig, self.policies)

    @property
    def nodes(self) -> str:
        """How many nodes are wanted in each zone, as in 3,1,1; written by the program."""
        return f"{self.root}/nodes"

    @property
    def settled(self) -> str:
        """The counts above which no Node object is left; written by the control plane."""
        return f"{self.root}/settled"

    @property
    def join(self) -> str:
        """With what a node joins, as JSON; written by the control plane, read by the others."""
        return f"{self.root}/join"

    @property
    def policy_folder(self) -> str:
        """The folder of what the control plane writes of NetworkPolicy, and of nothing else."""
        return f"{self.root}/network-policies"

    @property
    def policies(self) -> str:
        """The cluster's NetworkPolicy objects and their engine, as JSON."""
        return f"{self.policy_folder}/found"

    @property
    def kubeconfig(self) -> str:
        """The administrator's kubeconfig; written by the control plane, read by the deployer."""
        return f"{self.root}/kubeconfig"
