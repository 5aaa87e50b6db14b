"""Keeps the cluster as the stack wants it: runs on the control plane, every three seconds.

Gives each Node object the block of the address rule, lets others join, hands out the
administrator's kubeconfig, and takes nodes out of the cluster before the stack removes them.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cluster import Cluster
from drain import Drain
from machine import run
from nodes import Item, blocks, count, patch, surplus
from parameters import Store, instance
from plan.kubernetes import API_SERVER, Parameters
from steps import Steps, listed

PERIOD = 3
ADMIN = Path("/etc/kubernetes/admin.conf")
LIFETIME = 15 * 60
"""Seconds that a token lets nodes join."""
RENEWAL = 10 * 60
"""Seconds after which parameters are written anew, a new token in them."""


class Control:
    """The control plane's part; everything of it is tried again at the next poll."""

    def __init__(self, cluster: Cluster, store: Store, kubectl: Callable[..., str]) -> None:
        self.cluster = cluster
        self.store = store
        self.kubectl = kubectl
        self.names = Parameters(cluster.stack)
        self.steps = Steps()
        self.drain = Drain(kubectl)
        self.items: list[Item] = []
        self.written: dict[str, tuple[str, float]] = {}

    def reconcile(self) -> None:
        """One poll; without an API server there is nothing to be done."""
        if not self.steps.step("nodes of the cluster", self.find):
            return
        self.steps.step("blocks", self.keep_blocks)
        self.steps.step("join", self.keep_join)
        self.steps.step("kubeconfig", self.keep_kubeconfig)
        self.steps.step("nodes", self.keep_count)

    def find(self) -> str:
        """Ask which nodes there are."""
        self.items = listed(self.kubectl("get", "nodes", "--output=json"))
        return ""

    def keep_blocks(self) -> str:
        """Give every node the block that is its own by rule."""
        lacking, wrong = blocks(self.cluster.plan, self.items)
        for name, block in lacking.items():
            self.kubectl("patch", "node", name, "--type=merge", "--patch", patch(block))
        if wrong:
            raise ValueError("; ".join(wrong))
        return ", ".join(f"{name} has {block}" for name, block in lacking.items())

    def keep_join(self) -> str:
        """Publish a fresh token before the last one ends."""
        if self._fresh(self.names.join):
            return ""
        said = run("kubeadm", "token", "create", f"--ttl={LIFETIME}s", "--print-join-command")
        self._write(self.names.join, json.dumps(joining(said)), secret=True)
        return f"wrote {self.names.join}, good for {LIFETIME // 60} minutes"

    def keep_kubeconfig(self) -> str:
        """Publish the administrator's kubeconfig, by the address that the internet sees."""
        if self._fresh(self.names.kubeconfig):
            return ""
        try:
            public = instance("public-ipv4")
        except LookupError:
            public = ""
        text = for_deployer(ADMIN.read_text(), self.cluster.endpoint, public)
        self._write(self.names.kubeconfig, text, secret=True)
        return f"wrote {self.names.kubeconfig}"

    def keep_count(self) -> str:
        """Take out the nodes above the wanted count, and say when none is left."""
        wanted = count(self.store.read(self.names.nodes))
        for name in surplus(self.items, wanted):
            if not self.drain.done(name):
                return ""
            self.kubectl("delete", "node", name, "--ignore-not-found")
            print(f"nodes: {name} is out of the cluster", flush=True)
        if self.written.get(self.names.settled, ("",))[0] == str(wanted):
            return ""
        self._write(self.names.settled, str(wanted))
        return f"the cluster is settled at {wanted}"

    def _fresh(self, name: str) -> bool:
        return name in self.written and time.monotonic() - self.written[name][1] < RENEWAL

    def _write(self, name: str, value: str, *, secret: bool = False) -> None:
        self.store.write(name, value, secret=secret)
        self.written[name] = value, time.monotonic()


def joining(said: str) -> dict[str, str]:
    """What a node must know, from the command that kubeadm prints."""
    found = re.search(
        r"kubeadm join (\S+) --token (\S+) --discovery-token-ca-cert-hash (sha256:[0-9a-f]{64})",
        said,
    )
    if found is None:
        raise ValueError("kubeadm printed no join command that this version knows")
    return dict(zip(("endpoint", "token", "caCertHash"), found.groups(), strict=True))


def for_deployer(text: str, endpoint: str, public: str) -> str:
    """The administrator's kubeconfig with the server at its address on the internet.

    The certificate is checked against the private name, so that another public address, which an
    instance gets when it is stopped and started, needs no other certificate.
    """
    private = f"server: https://{endpoint}"
    if private not in text:
        raise ValueError(f"{ADMIN} does not say `{private}`")
    if not public:
        return text
    name = endpoint.partition(":")[0]
    return text.replace(
        private, f"server: https://{public}:{API_SERVER}\n    tls-server-name: {name}"
    )


def main() -> None:
    """Reconcile until stopped; the cluster goes on without."""
    cluster = Cluster.of(os.environ, instance("placement/region"))
    control = Control(cluster, Store(cluster.region), partial(run, "kubectl"))
    while True:
        control.reconcile()
        time.sleep(PERIOD)


if __name__ == "__main__":
    try:
        main()
    except (OSError, LookupError) as error:
        sys.exit(str(error))
