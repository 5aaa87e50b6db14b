"""A node in two namespaces and a wire: the node's own, and one that plays the VPC around it."""

import json
import os
import secrets
import select
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from pyroute2 import netns

import userdata
from lab.shell import run
from plan.settings import Settings

POLL = 2
ADDRESS = "192.168.1.11"
RESOLVER = "192.168.1.2"
METADATA = "169.254.169.254"
INTERNET = "203.0.113.80"


class Machine:
    """A node whose eth0 is a wire into the VPC, and the files its user data would bring."""

    def __init__(self, folder):
        self.folder = folder
        self.suffix = secrets.token_hex(3)
        self.name, self.vpc = f"lab-node-{self.suffix}", f"lab-vpc-{self.suffix}"
        self.namespaces = []
        self.conflist = folder / "cni" / "10-mynet.conflist"
        self.log = folder / "log"
        self.conflist.parent.mkdir()
        for path, text in userdata.contents(Settings()).items():
            target = folder / "root" / path[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def add_namespace(self, name):
        run("ip", "netns", "add", name)
        self.namespaces.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")

    def build(self):
        self.add_namespace(self.name)
        self.add_namespace(self.vpc)
        self.ip("link", "add", "eth0", "mtu", "9001", "type", "veth",
                "peer", "eth0", "mtu", "9001", "netns", self.vpc)
        for namespace, addresses in ((self.name, [f"{ADDRESS}/24"]), (self.vpc, [
                "192.168.1.1/24", f"{RESOLVER}/32", f"{METADATA}/32", f"{INTERNET}/32"])):
            for address in addresses:
                run("ip", "-n", namespace, "address", "add", address, "dev", "eth0")
            run("ip", "-n", namespace, "link", "set", "eth0", "up")
        self.ip("route", "add", "default", "via", "192.168.1.1")
        run("ip", "-n", self.vpc, "route", "add", "10.1.1.0/24", "via", ADDRESS)

    def delete(self):
        for namespace in reversed(self.namespaces):
            run("ip", "netns", "delete", namespace)

    def ip(self, *argv):
        return run("ip", "-n", self.name, *argv)

    def run(self, *argv, stdin=None):
        return run("ip", "netns", "exec", self.name, *argv, stdin=stdin)

    def sysctl(self, name):
        return self.run("cat", f"/proc/sys/{name}").strip()

    def ruleset(self, *, own):
        """What the kernel holds of our table or of all others, without counters and handles."""
        entries = json.loads(self.run("nft", "-j", "-s", "list", "ruleset"))["nftables"]
        bodies = [(kind, body) for entry in entries for kind, body in entry.items()
                  if kind != "metainfo"]
        return [(kind, {key: value for key, value in body.items() if key != "handle"})
                for kind, body in bodies
                if own == ("podnet" in (body.get("table"), kind == "table" and body["name"]))]

    def handles(self):
        """Handles of all that is in nftables: they change when anything is loaded anew."""
        entries = json.loads(self.run("nft", "-j", "list", "ruleset"))["nftables"]
        return [body.get("handle") for entry in entries for body in entry.values()]

    def conflist_version(self):
        """Changes when the conflist is written, even with the same text."""
        found = self.conflist.stat()
        return found.st_ino, found.st_mtime_ns

    @contextmanager
    def agent(self):
        """The agent as it arrives on a node; ends when the block does."""
        environment = dict(line.split("=", 1) for line in (
            self.folder / "root/etc/podnet/node.env").read_text().splitlines())
        program = self.folder / "root" / userdata.LIBRARY[1:] / "agent.py"
        with (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified,
              self.log.open("w") as log):
            address = str(self.folder / secrets.token_hex(3))
            notified.bind(address)
            notified.settimeout(10)
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, sys.executable, "-B", program], stdout=log,
                stderr=log, env={**os.environ, **environment, "NOTIFY_SOCKET": address,
                                 "CONFIGURATION_DIRECTORY": str(self.conflist.parent)})
            try:
                yield Running(process, notified, self.log)
            finally:
                process.kill()
                process.wait()


class Running:
    """A started agent."""

    def __init__(self, process, notified, log):
        self.process = process
        self.notified = notified
        self.log = log

    def has_told_systemd(self):
        return bool(select.select([self.notified], [], [], 0)[0])

    def wait_until_ready(self):
        try:
            assert self.notified.recv(64) == b"READY=1"
        except TimeoutError:
            pytest.fail(f"the agent did not become ready; it said: {self.log.read_text()}")

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=1)


@pytest.fixture
def machine(tmp_path):
    subject = Machine(tmp_path)
    try:
        subject.build()
        yield subject
    finally:
        subject.delete()


@pytest.fixture
def running(machine):
    with machine.agent() as agent:
        agent.wait_until_ready()
        yield agent


@pytest.fixture
def eventually():
    """Wait for a condition for no longer than a poll and the time its work takes."""

    def wait(condition, seconds=POLL + 1.5):
        deadline = time.monotonic() + seconds
        while not (holds := condition()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return holds

    return wait


@pytest.fixture
def two_polls():
    """Long enough for two polls to have come and gone."""
    return lambda: time.sleep(2 * POLL + 0.5)


@pytest.fixture
def pods(machine, running):
    """Two pods on the node, plugged into kube-bridge as the bridge plugin does it."""
    machine.ip("link", "add", "kube-bridge", "type", "bridge")
    machine.ip("address", "add", "10.1.1.1/24", "dev", "kube-bridge")
    machine.ip("link", "set", "kube-bridge", "up")
    names = {f"10.1.1.{host}": f"lab-pod{host}-{machine.suffix}" for host in (2, 3)}
    for address, name in names.items():
        machine.add_namespace(name)
        port = f"pod{address[-1]}"
        machine.ip("link", "add", port, "type", "veth", "peer", "eth0", "netns", name)
        machine.ip("link", "set", port, "master", "kube-bridge", "up")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", name, "route", "add", "default", "via", "10.1.1.1")
    return names


@pytest.fixture
def source_seen():
    """Send a datagram between namespaces; returns the source its receiver saw, None if nothing."""

    def send(sender, receiver, destination, source=None):
        family = socket.AF_INET6 if ":" in destination else socket.AF_INET
        with udp(receiver, family) as incoming, udp(sender, family) as outgoing:
            incoming.bind((destination, 0))
            incoming.settimeout(0.7)
            if source:
                outgoing.bind((source, 0))
            outgoing.sendto(b"who am I?", incoming.getsockname())
            try:
                return incoming.recvfrom(64)[1][0]
            except TimeoutError:
                return None

    return send


def udp(namespace, family):
    netns.pushns(namespace)
    try:
        return socket.socket(family, socket.SOCK_DGRAM)
    finally:
        netns.popns()
