"""Agents of a probe as processes in the namespaces of the small cluster."""

from __future__ import annotations

import secrets
import subprocess
import sys
from contextlib import ExitStack

from podnet.probe import wire
from podnet.probe.bundle import bundle
from podnet.probe.distributed import Silence, Site
from podnet.system.netns import NAMESPACES
from podnet.system.waiting import wait_until

HERE = "/proc/self/ns/net"


class Processes:
    """One agent a node, which enters its pods, or one for each endpoint and container."""

    def __init__(self, cluster, directory, files: ExitStack) -> None:
        self.cluster, self.files = cluster, files
        self.file = directory / "probe.pyz"
        self.file.write_bytes(bundle())
        self.names: dict[str, tuple[str, str]] = {}
        self.silent: dict[str, str] = {}

    def _start(self, place: str, netns: str, *ends: str) -> None:
        name = f"probe-{secrets.token_hex(4)}"
        self.names[place] = (netns, name)
        # Isolated, so that nothing but the zip file and the standard library can be imported.
        process = subprocess.Popen([*self._python(netns), "agent", name, *ends])
        self.files.callback(process.wait)
        self.files.callback(process.kill)
        assert wait_until(lambda: self._request(place, {"do": wire.DESCRIBE}), 10)

    def _python(self, netns: str) -> list[str]:
        return ["nsenter", f"--net={netns}", sys.executable, "-I", str(self.file)]

    def _request(self, place, message):
        netns, name = self.names[place]
        argv = [*self._python(netns), "request", name]
        done = subprocess.run(
            argv, input=wire.pack(message), text=True, capture_output=True, check=False
        )
        return done.stdout

    def ask(self, places, message):
        return {
            place: Silence(self.silent[place])
            if place in self.silent
            else wire.unpack(self._request(place, message))
            for place in places
        }

    def on_nodes(self) -> Site:
        """An agent on each node."""
        places = {}
        for number, node in enumerate(self.cluster.nodes, 1):
            mine = [each for each in self.cluster.endpoints if each.node == f"node-{number}"]
            ends = {each.name: f"{each.address}={each.netns}" for each in mine}
            for each in mine:
                ends |= {
                    f"{each.name}/{one.name}": f"127.0.0.1={one.netns}" for one in each.containers
                }
            self._start(
                f"node-{number}",
                str(NAMESPACES / node),
                *(f"{label}={rest}" for label, rest in ends.items()),
            )
            places |= dict.fromkeys(ends, f"node-{number}")
        return self._site(places)

    def _site(self, places) -> Site:
        endpoints = {each.name: each for each in self.cluster.endpoints}
        return Site(endpoints=endpoints, places=places, missing={})
