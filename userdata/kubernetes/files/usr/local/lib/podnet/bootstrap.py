"""Makes this node part of the cluster: the control plane by `kubeadm init`, others by joining.

Does nothing on a node that is part of it, and cleans up after an interrupted attempt.
"""

import os
import time
from ipaddress import IPv4Address
from pathlib import Path

import join
import kubeadm
from commands import error_line, stream
from kubeadm import DROP_INS, Cluster, Document
from machine import Node, find_node, run
from metadata import IDENTITY
from node_files import ignored_checks, protect, write
from parameters import Store, instance
from podnet.plan.kubernetes import CONTROL_PLANE, Parameters, unsupported_reason
from podnet.plan.names import number_at
from steps import Steps

PERIOD = 5
WRONG_CA_PERIOD = 60
"""Seconds until the next attempt after the API server had another CA than the pinned one."""
FIREWALL = Path("etc/podnet/kubernetes.nft")
CONTAINERD, OUR_CONTAINERD = Path("etc/containerd/config.toml"), Path("etc/podnet/containerd.toml")
SYSCTLS = "/etc/sysctl.d/91-podnet-kubernetes.conf"
LEFTOVERS = (
    "admin.conf",
    "kubelet.conf",
    "bootstrap-kubelet.conf",
    "manifests/etcd.yaml",
    "pki/ca.crt",
)


class WrongCaError(OSError):
    """The API server has another CA than the one pinned in the join parameter."""


class Bootstrap:
    """Makes one node part of the cluster."""

    def __init__(self, cluster: Cluster, node: Node, store: Store, root: Path = Path("/")) -> None:
        self.cluster = cluster
        self.address = node.address
        self.store = store
        self.root = root
        self.join_name = Parameters(cluster.stack).join
        self.is_control_plane = number_at(cluster.addresses, node.address) == CONTROL_PLANE
        state = root / "var/lib/podnet-kubernetes"
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.started, self.done = state / "started", state / "done"
        # It contains a token, so it is in memory only.
        self.draft = root / "run/podnet-kubernetes.yaml"

    def work(self) -> str:
        """Do everything; raises where an attempt must be repeated."""
        self.prepare()
        change = ""
        if not self.done.exists():
            self.clear()
            if self.is_control_plane:
                self.init_control_plane()
            else:
                self.join()
            self.done.touch()
            change = f"{self.cluster.name(self.address)} is in the cluster"
        protect(self.root)
        if self.is_control_plane:
            run("systemctl", "start", "--no-block", "podnet-control-plane")
        return change

    def prepare(self) -> None:
        """Install what kubeadm needs; writes only files that are missing or differ."""
        if problem := unsupported_reason(self.cluster.version):
            raise ValueError(f"Kubernetes {problem}")
        write(self.root / FIREWALL, kubeadm.firewall(self.cluster))
        (self.root / DROP_INS[1:]).mkdir(parents=True, exist_ok=True)
        if not (self.root / CONTAINERD).exists():
            write(self.root / CONTAINERD, (self.root / OUR_CONTAINERD).read_text())
        run("systemctl", "daemon-reload")
        status, output = stream("/bin/sh", "/usr/local/lib/podnet/packages.sh")
        if status:
            raise OSError(f"not all packages are installed: {error_line(output)}")
        run("/lib/systemd/systemd-sysctl", SYSCTLS)
        run("systemctl", "enable", "--now", "containerd")
        run("systemctl", "enable", "kubelet")

    def clear(self) -> None:
        """Undo an interrupted attempt, but never a cluster that podnet did not create."""
        kubernetes = self.root / "etc/kubernetes"
        left = [kubernetes / name for name in LEFTOVERS if (kubernetes / name).exists()]
        if left and not self.started.exists():
            raise ValueError(
                f"{left[0]} exists and podnet did not create it; if that cluster is not wanted, "
                "remove it by `kubeadm reset`"
            )
        if left:
            stream("kubeadm", "reset", "--force")
        self.started.touch()

    def init_control_plane(self) -> None:
        """Create the control plane."""
        try:
            public = instance("public-ipv4")
        except LookupError:
            public = None
        self._kubeadm(kubeadm.init(self.cluster, public), "init", "--skip-token-print")

    def join(self) -> None:
        """Join the control plane."""
        fields = join.from_parameter(self.join_name, self.store.read(self.join_name))
        self._kubeadm(kubeadm.join(self.cluster, self.address, fields), "join")

    def _kubeadm(self, documents: list[Document], verb: str, *more: str) -> None:
        write(self.draft, kubeadm.text(documents), mode=0o600)
        run("kubeadm", "config", "validate", "--config", str(self.draft))
        status, output = stream("kubeadm", verb, "--config", str(self.draft), *more)
        self.draft.unlink()
        if "are pinned" in output:
            raise WrongCaError(
                f"join refused: the API server at {self.cluster.endpoint} has another CA than the "
                f"one pinned in {self.join_name}; either the control plane was replaced and has "
                "not yet written the parameter, or another machine answers in its place; next "
                f"attempt in {WRONG_CA_PERIOD} seconds"
            )
        if status:
            raise OSError(f"`kubeadm {verb}` ended with {status}: {error_line(output)}")


def main() -> None:
    """Repeat until this node is in the cluster."""
    steps, wait = Steps(), PERIOD

    def attempt() -> str:
        nonlocal wait
        wait = PERIOD
        cluster = Cluster.from_environ(
            os.environ, instance("placement/region"), ignored_checks(Path("/"))
        )
        try:
            node = find_node(cluster.addresses, IPv4Address(instance(IDENTITY)))
            return Bootstrap(cluster, node, Store(cluster.region)).work()
        except WrongCaError:
            wait = WRONG_CA_PERIOD
            raise

    while not steps.run("kubernetes", attempt):
        time.sleep(wait)


if __name__ == "__main__":
    main()
