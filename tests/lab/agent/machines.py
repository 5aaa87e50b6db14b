"""Nodes as namespaces on the switch, each with the files of its user data."""

import json
import os
import secrets
import select
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network

import pytest
from switch import ROUTER

from podnet import userdata
from podnet.plan.node_network import CONFLIST
from podnet.plan.settings import Fabric, Settings
from podnet.system.commands import run
from tests.links import wait_until_up
from tests.sandboxes import Runtime

LIBRARY, NODE_ENV = "usr/local/lib/podnet", "etc/podnet/node.env"
SETTINGS = Settings(
    vpc_cidr=IPv4Network("192.168.1.0/28"), node_range_prefix=28, fabric=Fabric.SWITCH
)
"""Four nodes, so that a node has few peers."""
VPC_ROUTES = "vpc-routes zones=1 vni=1 port=8472"


class Machine:
    """A node on the switch, and the files of its user data."""

    def __init__(self, folder, vpc, number=1, settings=None):
        self.folder = folder / f"node-{number}"
        self.number = number
        self.network = vpc
        self.vpc = vpc.name("vpc")
        settings = settings or SETTINGS
        self.plan = settings.addresses
        self.address = str(self.plan.node(number))
        self.block = self.plan.block(IPv4Address(self.address))
        self.conflist = self.folder / "cni" / CONFLIST
        self.cache_file = self.folder / "state" / "routing"
        self.log = self.folder / "log"
        self.reports = self.folder / "run"
        self.reports.mkdir(parents=True)
        self.runtime = Runtime(self.folder / "cni-state")
        for file in (self.conflist, self.cache_file):
            file.parent.mkdir(parents=True)
        files = {
            f"{LIBRARY}/{path}": text for path, text in userdata.release.files(settings).items()
        }
        for path, text in {**files, NODE_ENV: userdata.node_env(settings, "dev")}.items():
            target = self.folder / "root" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        self.tag(VPC_ROUTES)

    def tag(self, text):
        self.network.tags[self.address] = text

    def build(self):
        self.name = self.network.add_namespace(f"n{self.number}")
        self.wire()
        self.network.ip("route", "add", str(self.block), "via", self.address)

    def wire(self):
        port = f"port{self.number}"
        veth = f"link add eth0 mtu 9001 type veth peer {port} mtu 9001 netns {self.vpc}"
        self.ip(*veth.split())
        self.network.ip("link", "set", port, "master", "eth0", "up")
        self.ip("address", "add", f"{self.address}/24", "dev", "eth0")
        self.ip("link", "set", "eth0", "up")
        self.ip("route", "add", "default", "via", ROUTER)
        wait_until_up(self.vpc, port)

    def reboot(self):
        """Links, routes and tables go as in a reboot; files stay."""
        for link in json.loads(self.ip("-j", "link")):
            if link["ifname"] not in ("lo", "erspan0", "gretap0", "ip6_vti0", "sit0", "tunl0"):
                self.run("sh", "-c", f"ip link delete {link['ifname']} 2>/dev/null || true")
        self.run("nft", "flush", "ruleset")
        self.run("sh", "-c", "ip rule delete priority 112; ip route flush table 112")
        self.wire()

    def ip(self, *argv):
        return run("ip", "-n", self.name, *argv)

    def run(self, *argv, stdin=None):
        return run("ip", "netns", "exec", self.name, *argv, stdin=stdin)

    def sysctl(self, name):
        return self.run("cat", f"/proc/sys/{name}").strip()

    def add_pod(self, host, prefix=None, port=None):
        """A pod plugged into kube-bridge as the bridge plugin does it, by a runtime."""
        address = str(self.block[host])
        name = self.network.add_namespace(f"p{self.number}-{host}")
        port = port or f"pod{host}"
        veth = f"link add {port} mtu 8951 type veth peer eth0 mtu 8951 netns {name}"
        self.ip(*veth.split())
        self.ip("link", "set", port, "master", "kube-bridge", "up")
        self.run("bridge", "link", "set", "dev", port, "hairpin", "on")
        mac = json.loads(run("ip", "-n", name, "-j", "link", "show", "eth0"))[0]["address"]
        self.runtime.add(name, address, port, f"/run/netns/{name}", mac)
        for command in (
            "link set eth0 up",
            f"address add {address}/{prefix or self.block.prefixlen} dev eth0",
            f"route add default via {self.block[1]}",
        ):
            run("ip", "-n", name, *command.split())
        wait_until_up(self.name, port)
        return Pod(name, address)

    def ruleset(self, *, own):
        """Podnet's tables in the kernel or all others, without counters and handles."""
        entries = json.loads(self.run("nft", "-j", "-s", "list", "ruleset"))["nftables"]
        bodies = [
            (kind, body) for entry in entries for kind, body in entry.items() if kind != "metainfo"
        ]
        chosen = [
            (kind, {key: value for key, value in body.items() if key != "handle"})
            for kind, body in bodies
            if own == ("podnet" in (body.get("table"), kind == "table" and body["name"]))
        ]
        # The order in which tables were created does not matter.
        return sorted(chosen, key=lambda entry: entry[1]["family"])

    def handles(self):
        """Handles of all that is in nftables: they change when anything is loaded again."""
        entries = json.loads(self.run("nft", "-j", "list", "ruleset"))["nftables"]
        return [body.get("handle") for entry in entries for body in entry.values()]

    def routes(self, table="main"):
        """Podnet's routes in the kernel: destination to (link, gateway, source)."""
        listed = [
            item
            for item in json.loads(self.ip("-4", "-j", "route", "show", "table", "all"))
            if item.get("table", "main") == table
        ]
        return {
            item["dst"]: (item["dev"], item.get("gateway"), item.get("prefsrc"))
            for item in listed
            if item.get("protocol") == "112"
        }

    @contextmanager
    def watch_routes(self):
        """A file of every change that the kernel makes to IPv4 routes while the block runs."""
        file = self.folder / "route-changes"
        with file.open("w") as changes:
            watcher = subprocess.Popen(
                ["ip", "-n", self.name, "-4", "monitor", "route"], stdout=changes
            )
            time.sleep(0.2)
            try:
                yield file
            finally:
                watcher.kill()
                watcher.wait()

    def conflist_version(self):
        """Changes when the conflist is written, even with the same text."""
        found = self.conflist.stat()
        return found.st_ino, found.st_mtime_ns

    @contextmanager
    def agent(self, period=None):
        """The agent from the user data; ends with the block. `period` changes its polling only."""
        environment = dict(
            line.split("=", 1)
            for line in (self.folder / "root/etc/podnet/node.env").read_text().splitlines()
        )
        program = self.folder / "root" / userdata.LIBRARY[1:] / "agent.py"
        words = [program]
        if period:
            hasty = f"import agent; agent.PERIOD = {period}; agent.main()"
            words = ["-c", f"import sys; sys.path.insert(0, {str(program.parent)!r}); {hasty}"]
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified,
            self.log.open("w") as log,
        ):
            address = str(self.folder / secrets.token_hex(3))
            notified.bind(address)
            notified.settimeout(15)
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, sys.executable, "-B", *words],
                stdout=log,
                stderr=log,
                env={
                    **os.environ,
                    **environment,
                    "NOTIFY_SOCKET": address,
                    "RUNTIME_DIRECTORY": str(self.reports),
                    "CONFIGURATION_DIRECTORY": str(self.conflist.parent),
                    "STATE_DIRECTORY": f"{self.runtime.folder}:{self.cache_file.parent}",
                },
            )
            try:
                yield Running(process, notified, self.log)
            finally:
                process.kill()
                process.wait()


class Pod(str):
    """The namespace of a pod, and the pod's address."""

    __slots__ = ("address",)

    def __new__(cls, name, address):
        pod = super().__new__(cls, name)
        pod.address = address
        return pod


class Running:
    """A started agent."""

    def __init__(self, process, notified, log):
        self.process = process
        self.notified = notified
        self.log = log

    def is_ready(self):
        """Whether the agent has notified systemd."""
        return bool(select.select([self.notified], [], [], 0)[0])

    def wait_until_ready(self):
        try:
            assert self.notified.recv(64) == b"READY=1"
        except TimeoutError:
            pytest.fail(f"the agent did not become ready; it logged: {self.log.read_text()}")

    def kill(self):
        """End it wherever it is."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=1)
