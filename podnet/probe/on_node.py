"""Pods and the agent of a probe on a node without Kubernetes, as root of the node runs them.

The pods are network namespaces that the node's conflist attaches, as a container runtime would. A
service of systemd runs the agent; whatever ends it, its last command removes the pods.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from podnet.errors import UserError
from podnet.probe import wire
from podnet.probe.agent import UNREADY, request
from podnet.probe.questions import LOOPBACK
from podnet.system.cni import (
    PATH,
    PLUGIN_SECONDS,
    Attachment,
    Network,
    Outcome,
    Plugins,
    address_of,
    cached_config,
    load,
)
from podnet.system.interfaces import mtu_of
from podnet.system.netns import NAMESPACES, OWN
from podnet.system.waiting import wait_until

NAME = "podnet-matrix"
"""Of the service and the agent's socket; the pods' namespaces are `podnet-matrix-a` and so on."""
PODS = ("a", "b")
CONTAINERS = ("a", "b")
CONFLISTS = Path("/etc/cni/net.d")
PLUGINS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
"""Where Debian's package puts plugins, and where upstream's convention has them."""
RESULTS = Path("/var/lib/cni/results")
LIFETIME = 1800
"""Seconds after which the agent ends by itself, where nobody has ended it."""
START_SECONDS = 20


def start(message: Mapping[str, Any]) -> list[Any]:
    """Make the pods, start the agent, and return what it listens at; what was there goes first.

    `message` has the names of nodes by address, and the node finds its own in it.
    """
    stop()
    address, node = _own(message["nodes"])
    ends = [f"{node}={address}={OWN}"]
    try:
        for pod in PODS:
            label, own, netns = pod_label(node, pod), _attach(pod), NAMESPACES / _netns(pod)
            ends.append(f"{label}={own}={netns}")
            ends += [f"{label}/{name}={LOOPBACK}={netns}" for name in CONTAINERS]
        _serve(ends)
        found: list[Any] = wire.unpack(_described())
    except BaseException:
        stop()
        raise
    return found


def stop() -> None:
    """End the agent and remove the pods; what is not there is fine."""
    _run("systemctl", "stop", f"{NAME}.service", check=False)
    _run("systemctl", "reset-failed", f"{NAME}.service", check=False)
    clean()


def clean() -> None:
    """Detach the pods and delete their namespaces."""
    for pod in PODS:
        attachment = _attachment(pod)
        config = cached_config(RESULTS, attachment)
        if config is not None:
            with suppress(UserError):
                Network(config, _plugins()).delete(attachment)
        if (NAMESPACES / _netns(pod)).exists():
            _run("ip", "netns", "delete", _netns(pod))


def pod_label(node: str, pod: str) -> str:
    """The name of a pod in the matrix, as the lab names its own."""
    return f"pod-{node.removeprefix('node-')}{pod}"


def labels(node: str) -> Iterator[str]:
    """The names of all that a node listens at."""
    yield node
    for pod in PODS:
        yield pod_label(node, pod)


def main(action: str, line: str) -> str:
    """The answer to a command of whoever runs the probe, as a line."""
    match action:
        case "start":
            return wire.pack(start(wire.unpack(line)))
        case "stop":
            stop()
            return wire.pack([])
        case "clean":
            clean()
            return ""
        case _:
            return request(NAME, line)


def _own(nodes: Mapping[str, str]) -> tuple[IPv4Address, str]:
    for text, node in nodes.items():
        address = IPv4Address(text)
        with suppress(OSError):
            mtu_of(address)
            return address, node
    raise UserError(
        f"this node has none of the addresses {', '.join(nodes)}; it has lost its own",
        rule="node-address-lost",
    )


def _attach(pod: str) -> IPv4Address:
    network = Network(load(CONFLISTS, "this node"), _plugins())
    _run("ip", "netns", "add", _netns(pod))
    _run("ip", "-n", _netns(pod), "link", "set", "lo", "up")
    return address_of(network.add(_attachment(pod)), network.config["name"])


def _serve(ends: list[str]) -> None:
    program = (sys.executable, "-I", sys.argv[0])
    _run(
        "systemd-run",
        "--quiet",
        "--collect",
        f"--unit={NAME}",
        "--description=Agent of podnet matrix --live",
        f"--property=RuntimeMaxSec={LIFETIME}",
        f"--property=ExecStopPost={' '.join(program)} node clean",
        *program,
        "agent",
        NAME,
        *ends,
    )


def _described() -> str:
    def answer() -> str:
        with suppress(ConnectionRefusedError):
            return request(NAME, wire.pack({"do": wire.DESCRIBE}))
        return ""

    if not (found := wait_until(answer, START_SECONDS)):
        raise UserError(
            f"the agent did not start within {START_SECONDS} s; `journalctl -u {NAME}` shows more",
            rule="live-agent-not-started",
        )
    return found


def _attachment(pod: str) -> Attachment:
    return Attachment(
        container_id=_netns(pod),
        netns=str(NAMESPACES / _netns(pod)),
        args={
            "IgnoreUnknown": "1",
            "K8S_POD_NAMESPACE": "default",
            "K8S_POD_NAME": _netns(pod),
            "K8S_POD_INFRA_CONTAINER_ID": _netns(pod),
        },
    )


def _netns(pod: str) -> str:
    return f"{NAME}-{pod}"


def _plugins() -> Plugins:
    place = next((each for each in PLUGINS if each.is_dir()), PLUGINS[0])
    return Plugins(directory=str(place), host_path=place, cache=RESULTS, execute=_execute)


def _execute(program: str, env: Mapping[str, str], stdin: str) -> Outcome:
    done = subprocess.run(
        [program],
        env={"PATH": PATH, **env},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=PLUGIN_SECONDS,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def _run(*argv: str, check: bool = True) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise UserError(
            f"{' '.join(argv[:3])} ended with code {done.returncode}: {done.stderr.strip()}",
            rule="live-node-command-failed",
        )


def run(action: str) -> int:
    """Carry out the command, and return the exit code of the program."""
    try:
        sys.stdout.write(main(action, sys.stdin.readline() if action != "clean" else ""))
    except ConnectionRefusedError:
        sys.stderr.write("no agent runs on this node\n")
        return UNREADY
    except (UserError, wire.WireError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
