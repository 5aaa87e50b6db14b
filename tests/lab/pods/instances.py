"""A running instance without a cloud, for the tests of pods on a node."""

from __future__ import annotations

import secrets
import time
from ipaddress import IPv4Address

from podnet.lab.cloud.instances.cgroups import Cgroups
from podnet.lab.cloud.instances.machine import Machine, State
from podnet.lab.home import PROJECT
from podnet.lab.images.debian import ensure
from podnet.lab.images.root import Root
from podnet.lab.nodes.node import Node
from podnet.system.commands import CommandError, run

PATIENCE = 60


def ip(line: str) -> str:
    """Run a line as one would type it after `ip`."""
    return run("ip", *line.split())


class Instance:
    """A machine without a cloud: cloud-init is switched off, its network is a veth to nowhere."""

    def __init__(self, folder, files, *, kubelet=False):
        tag = secrets.token_hex(3)
        self.namespace = f"lab-port-{tag}"
        ip(f"netns add {self.namespace}")
        files.callback(ip, f"netns delete {self.namespace}")
        ip(f"-n {self.namespace} link add far up mtu 9001 type veth peer name eth0 mtu 9001")
        mark = folder / "i-1/upper/etc/cloud/cloud-init.disabled"
        mark.parent.mkdir(parents=True)
        mark.touch()
        cgroups = Cgroups(f"podnet-pods-{tag}")
        files.callback(cgroups.end)
        root = Root(layers=(ensure(PROJECT / ".image"),), kubelet=kubelet)
        self.machine = Machine(folder / "i-1", root, cgroups, lambda: None)
        files.callback(self.machine.destroy)

    def boot(self):
        self.machine.boot(self.namespace)
        node = None
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            time.sleep(0.05)
            self.machine.poll()
            if self.machine.state is not State.RUNNING:
                continue
            node = Node(
                name="node-1",
                instance_id="i-1",
                pid=self.machine.pid,
                address=IPv4Address("192.168.1.11"),
                public_address=None,
            )
            try:
                node.run("systemctl", "is-system-running", "--wait")
            except CommandError:
                continue
            node.run("ip", "address", "add", "192.168.1.11/24", "dev", "eth0")
            node.run("ip", "link", "set", "eth0", "up")
            return node
        console = self.machine.console.read_text(errors="replace")
        raise AssertionError(f"the instance did not boot: {self.machine.error}\n{console}")

    def reboot(self):
        self.machine.reboot()
        while self.machine._nspawn is not None:  # noqa: SLF001  # no other way to see the end
            time.sleep(0.05)
            self.machine.poll()
        return self.boot()
