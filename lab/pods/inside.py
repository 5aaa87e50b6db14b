"""What is done or read inside a node for its pods: a plugin's run, an interface's facts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_interface
from typing import Any

from lab.node import Node
from lab.pods.cni import CniError, Execute, Outcome

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PLUGIN_SECONDS = 30


def plugin_runner(node: Node) -> Execute:
    """Run plugins inside this node.

    Not by `Node.run`: a plugin tells its error on standard output, next to whatever the
    tools it calls say on the other.
    """

    def execute(program: str, env: Mapping[str, str], stdin: str) -> Outcome:
        settings = [f"{key}={value}" for key, value in {"PATH": PATH, **env}.items()]
        argv = [
            "nsenter",
            "--target",
            str(node.pid),
            "--all",
            "--",
            "env",
            "--ignore-environment",
            *settings,
            program,
        ]
        try:
            done = subprocess.run(
                argv,
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                timeout=PLUGIN_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise CniError(
                f"{program} on {node.name} did not end {env['CNI_COMMAND']} "
                f"within {PLUGIN_SECONDS} s"
            ) from None
        return Outcome(done.returncode, done.stdout, done.stderr)

    return execute


def address_of(result: Mapping[str, Any], network: str) -> IPv4Address:
    """The first IPv4 address of an ADD result."""
    for entry in result.get("ips", ()):
        interface = ip_interface(entry["address"])
        if isinstance(interface.ip, IPv4Address):
            return interface.ip
    raise CniError(f"network {network} gave the pod no IPv4 address")


def mtu_of(node: Node, pod: str, interface: str) -> int:
    """MTU of the pod's interface, asked of the kernel."""
    links = json.loads(node.run("ip", "-n", pod, "-json", "link", "show", "dev", interface))
    return int(links[0]["mtu"])
