"""Runs CNI plugins inside a node, and reads the MTU that they gave a pod."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

from podnet.lab.nodes.node import Node
from podnet.system.cni import PATH, PLUGIN_SECONDS, CniError, Execute, Outcome


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


def mtu_of(node: Node, pod: str, interface: str) -> int:
    """MTU of the pod's interface, asked of the kernel."""
    links = json.loads(node.run("ip", "-n", pod, "-json", "link", "show", "dev", interface))
    return int(links[0]["mtu"])
