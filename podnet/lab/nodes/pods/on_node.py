"""Runs CNI plugins inside a node, and reads the address and the MTU that they gave a pod."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_interface
from typing import Any

from podnet.lab.nodes.node import Node
from podnet.lab.nodes.pods.cni import CniError, Execute, Outcome

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PLUGIN_SECONDS = 30


def plugin_runner(node: Node) -> Execute:
    """Run plugins inside this node.

    Not by `Node.run`: a plugin reports its error on standard output, and the tools it calls write
    to standard error.
    """

    def execute(program: str, env: Mapping[str, str], stdin: str) -> Outcome:
        variables = [f"{key}={value}" for key, value in {"PATH": PATH, **env}.items()]
        argv = node.command("env", "--ignore-environment", *variables, program)
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
                f"within {PLUGIN_SECONDS} s",
                rule="cni-plugin-timeout",
            ) from None
        return Outcome(done.returncode, done.stdout, done.stderr)

    return execute


def address_of(result: Mapping[str, Any], network: str) -> IPv4Address:
    """The first IPv4 address of an ADD result."""
    for entry in result.get("ips", ()):
        interface = ip_interface(entry["address"])
        if isinstance(interface.ip, IPv4Address):
            return interface.ip
    raise CniError(
        f"network {network} gave the pod no IPv4 address", rule="pod-without-ipv4-address"
    )


def mtu_of(node: Node, pod: str, interface: str) -> int:
    """MTU of the pod's interface, asked of the kernel."""
    links = json.loads(node.run("ip", "-n", pod, "-json", "link", "show", "dev", interface))
    return int(links[0]["mtu"])
