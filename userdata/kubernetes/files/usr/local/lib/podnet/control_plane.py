"""Reconciles the cluster with the stack; runs on the control plane, every three seconds.

Gives each Node object the block of the address rule, publishes the join parameter and the
administrator's kubeconfig, and removes nodes from the cluster before the stack deletes them.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import join
from drain import Drain
from kubeadm import Cluster
from machine import run
from nodes import Item, blocks, listed, parse_counts, patch, surplus
from parameters import Store, instance
from podnet.plan.kubernetes import API_SERVER, Parameters
from podnet.plan.policy_objects import KINDS, Found
from steps import Steps

PERIOD = 3
ADMIN = Path("/etc/kubernetes/admin.conf")
LIFETIME = 15 * 60
"""Seconds for which a token is valid."""
RENEWAL = 10 * 60
"""Seconds after which parameters are written again, with a new token."""

POLICY_PERIOD = 9
"""Seconds between two looks at NetworkPolicy objects."""
COUNT_RENEWAL = 60
"""Seconds after which the applied count is written again: a deployment that was to replace this
node, and was interrupted, has reset it, and the next one waits for it."""


class ControlPlane:
    """The control plane's steps; each is retried at the next poll."""

    def __init__(self, cluster: Cluster, store: Store, kubectl: Callable[..., str]) -> None:
        self.cluster = cluster
        self.store = store
        self.kubectl = kubectl
        self.names = Parameters(cluster.stack)
        self.steps = Steps()
        self.drain = Drain(kubectl)
        self.items: list[Item] = []
        self.written: dict[str, tuple[str, float]] = {}
        self.looked = float("-inf")

    def reconcile(self) -> None:
        """One poll; without an API server it does nothing."""
        if not self.steps.run("nodes of the cluster", self.find):
            return
        self.steps.run("blocks", self.keep_blocks)
        self.steps.run("join", self.keep_join)
        self.steps.run("kubeconfig", self.keep_kubeconfig)
        self.steps.run("nodes", self.keep_count)
        self.steps.run("network policies", self.keep_policies)

    def find(self) -> str:
        """List the Node objects."""
        self.items = listed(self.kubectl("get", "nodes", "--output=json"))
        return ""

    def keep_blocks(self) -> str:
        """Give every Node object the block of the address rule."""
        missing, wrong = blocks(self.cluster.addresses, self.items)
        for name, block in missing.items():
            wanted = patch(block, self.cluster.cni)
            self.kubectl("patch", "node", name, "--type=merge", "--patch", wanted)
        if wrong:
            raise ValueError("; ".join(wrong))
        return ", ".join(f"{name} has {block}" for name, block in missing.items())

    def keep_join(self) -> str:
        """Publish a new token before the last one expires."""
        if self._fresh(self.names.join):
            return ""
        printed = run("kubeadm", "token", "create", f"--ttl={LIFETIME}s", "--print-join-command")
        self._write(self.names.join, json.dumps(join.from_command(printed)), secret=True)
        return f"wrote {self.names.join}, valid for {LIFETIME // 60} minutes"

    def keep_kubeconfig(self) -> str:
        """Publish the administrator's kubeconfig, with the public address of the API server."""
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
        """Remove the nodes above the wanted count, then write that it is applied."""
        text = self.store.read(self.names.nodes)
        for name in surplus(self.cluster.addresses, self.items, parse_counts(text)):
            if not self.drain.attempt(name):
                return ""
            self.kubectl("delete", "node", name, "--ignore-not-found")
            print(f"nodes: {name} is removed from the cluster", flush=True)
        is_known = self.written.get(self.names.settled, ("",))[0] == text
        if is_known and self._fresh(self.names.settled, COUNT_RENEWAL):
            return ""
        self._write(self.names.settled, text)
        return "" if is_known else f"no node is left above the wanted count, {text}"

    def keep_policies(self) -> str:
        """Publish the names of NetworkPolicy objects, and who enforces them."""
        if time.monotonic() - self.looked < POLICY_PERIOD:
            return ""
        self.looked = time.monotonic()
        printed = self.kubectl("get", KINDS, "--all-namespaces", "--output=json")
        text = Found.of(listed(printed)).text()
        name = self.names.policies
        if self.written.get(name, ("",))[0] == text and self._fresh(name):
            return ""
        self._write(name, text)
        return f"wrote {name}: {text}"

    def _fresh(self, name: str, seconds: float = RENEWAL) -> bool:
        return name in self.written and time.monotonic() - self.written[name][1] < seconds

    def _write(self, name: str, value: str, *, secret: bool = False) -> None:
        self.store.write(name, value, secret=secret)
        self.written[name] = value, time.monotonic()


def for_deployer(text: str, endpoint: str, public: str) -> str:
    """The administrator's kubeconfig with the public address of the API server.

    Clients check the certificate against the private name, so that another public address, which
    an instance gets when it is stopped and started, needs no other certificate.
    """
    private = f"server: https://{endpoint}"
    if private not in text:
        raise ValueError(f"{ADMIN} does not contain `{private}`")
    if not public:
        return text
    name = endpoint.partition(":")[0]
    return text.replace(
        private, f"server: https://{public}:{API_SERVER}\n    tls-server-name: {name}"
    )


def main() -> None:
    """Reconcile until stopped; the cluster runs without it."""
    cluster = Cluster.from_environ(os.environ, instance("placement/region"))
    control_plane = ControlPlane(cluster, Store(cluster.region), partial(run, "kubectl"))
    while True:
        control_plane.reconcile()
        time.sleep(PERIOD)


if __name__ == "__main__":
    try:
        main()
    except (OSError, LookupError) as error:
        sys.exit(str(error))
