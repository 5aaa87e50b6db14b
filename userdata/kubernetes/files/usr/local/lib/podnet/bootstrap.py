"""Brings this node into the cluster: the control plane by `kubeadm init`, others by joining it.

Does nothing where it was done before, and mends what a stop half-way left.
"""

import os
import time
from pathlib import Path

from cluster import DROP_INS, Cluster, Document, firewall, init, join, text
from machine import Node, find_node, run
from parameters import Store, instance
from place import ignored, joining, protect, reason, write
from plan.kubernetes import CONTROL_PLANE, Parameters, why_unsupported
from steps import Steps, show

PERIOD = 5
REFUSED = 60
"""Seconds after which a node asks again that met another CA than the one it was told."""
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


class RefusedError(OSError):
    """The API server is not the one this node was told of."""


class Bootstrap:
    """One node's way into the cluster."""

    def __init__(self, cluster: Cluster, node: Node, store: Store, root: Path = Path("/")) -> None:
        self.cluster = cluster
        self.address = node.address
        self.store = store
        self.root = root
        self.join_name = Parameters(cluster.stack).join
        self.leads = cluster.plan.number(node.address) == CONTROL_PLANE
        state = root / "var/lib/podnet-kubernetes"
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.started, self.done = state / "started", state / "done"
        # There is a token in it, so it is kept in memory.
        self.draft = root / "run/podnet-kubernetes.yaml"

    def work(self) -> str:
        """All of it; raises where something must be tried again."""
        self.prepare()
        said = ""
        if not self.done.exists():
            self.clear()
            if self.leads:
                self.lead()
            else:
                self.follow()
            self.done.touch()
            said = f"{self.cluster.name(self.address)} is in the cluster"
        protect(self.root)
        if self.leads:
            run("systemctl", "enable", "--now", "--no-block", "podnet-control-plane")
        return said

    def prepare(self) -> None:
        """What must be there before kubeadm; writes only what is missing or differs."""
        if problem := why_unsupported(self.cluster.version):
            raise ValueError(f"Kubernetes {problem}")
        write(self.root / FIREWALL, firewall(self.cluster))
        (self.root / DROP_INS[1:]).mkdir(parents=True, exist_ok=True)
        if not (self.root / CONTAINERD).exists():
            write(self.root / CONTAINERD, (self.root / OUR_CONTAINERD).read_text())
        run("systemctl", "daemon-reload")
        status, said = show("/bin/sh", "/usr/local/lib/podnet/packages.sh")
        if status:
            raise OSError(f"the packages are not all there: {reason(said)}")
        run("/lib/systemd/systemd-sysctl", SYSCTLS)
        run("systemctl", "enable", "--now", "containerd")
        run("systemctl", "enable", "kubelet")

    def clear(self) -> None:
        """Undo an attempt that was cut short; what we did not begin is not ours to undo."""
        kubernetes = self.root / "etc/kubernetes"
        left = [kubernetes / name for name in LEFTOVERS if (kubernetes / name).exists()]
        if left and not self.started.exists():
            raise ValueError(
                f"{left[0]} is there, and podnet did not make it; if nothing of it is wanted, "
                "`kubeadm reset` removes it"
            )
        if left:
            show("kubeadm", "reset", "--force")
        self.started.touch()

    def lead(self) -> None:
        """Make the control plane."""
        try:
            public = instance("public-ipv4")
        except LookupError:
            public = None
        self._kubeadm(init(self.cluster, public), "init", "--skip-token-print")

    def follow(self) -> None:
        """Join the control plane."""
        told = joining(self.join_name, self.store.read(self.join_name))
        self._kubeadm(join(self.cluster, self.address, told), "join")

    def _kubeadm(self, documents: list[Document], verb: str, *more: str) -> None:
        write(self.draft, text(documents), mode=0o600)
        run("kubeadm", "config", "validate", "--config", str(self.draft))
        status, said = show("kubeadm", verb, "--config", str(self.draft), *more)
        self.draft.unlink()
        if "are pinned" in said:
            raise RefusedError(
                f"join refused: the API server at {self.cluster.endpoint} has another CA than the "
                f"one pinned in {self.join_name}; either the control plane was made anew and "
                "writes the parameter in a moment, or somebody answers in its place; asking "
                f"again every {REFUSED} seconds"
            )
        if status:
            raise OSError(f"`kubeadm {verb}` ended with {status}: {reason(said)}")


def main() -> None:
    """Try until this node is in the cluster."""
    steps, wait = Steps(), PERIOD

    def attempt() -> str:
        nonlocal wait
        wait = PERIOD
        cluster = Cluster.of(os.environ, instance("placement/region"), ignored(Path("/")))
        try:
            node = find_node(cluster.plan)
            return Bootstrap(cluster, node, Store(cluster.region)).work()
        except RefusedError:
            wait = REFUSED
            raise

    while not steps.step("kubernetes", attempt):
        time.sleep(wait)


if __name__ == "__main__":
    main()
