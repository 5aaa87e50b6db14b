"""Pods of one node: network namespaces attached by the node's own conflist, two containers each."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from podnet.errors import UserError
from podnet.lab.nodes.node import Node
from podnet.lab.nodes.pods import containers
from podnet.lab.nodes.pods.on_node import mtu_of, plugin_runner
from podnet.lab.nodes.pods.ports import CAPABILITY, HostPort, check_free
from podnet.probe.endpoint import Container
from podnet.system.cni import Attachment, Network, Plugins, address_of, cached_config, load
from podnet.system.commands import CommandError
from podnet.system.files import write_atomically

PLUGINS = "usr/lib/cni"
CONFLISTS = "etc/cni/net.d"
# Under /run, so that a reboot of the node forgets its pods as it ends them.
RECORDS = "run/podnet/pods"
RESULTS = "var/lib/cni/results"
NAMESPACES = "run/netns"
LOOPBACK = {"cniVersion": "1.0.0", "name": "podnet-loopback", "plugins": [{"type": "loopback"}]}
LONGEST_LABEL = 63


class PodError(UserError):
    """A pod that cannot be added, found or removed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pod:
    """A pod of a running node."""

    name: str
    node: Node
    address: IPv4Address
    mtu: int
    """In bytes, of its interface, read from the kernel when the pod was added."""
    netns: Path
    containers: tuple[Container, ...]
    exec_prefix: tuple[str, ...]
    """The arguments before a command that, run on the node, uses the pod's network."""
    label: str = ""
    """Its name in a matrix, where that is not `name`."""
    ports: tuple[HostPort, ...] = ()
    """Ports of the node that lead to it."""

    def command(self, *argv: str) -> tuple[str, ...]:
        """The command that, run on this machine, runs `argv` in the pod's network."""
        return self.node.command(*self.exec_prefix, *argv)


class Pods:
    """The pods of one node; its records are on the node, so any process may ask."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._records = node.root / RECORDS
        self._plugins = Plugins(
            directory=f"/{PLUGINS}",
            host_path=node.root / PLUGINS,
            cache=node.root / RESULTS,
            execute=plugin_runner(node),
        )

    def add(self, name: str, ports: Sequence[HostPort] = ()) -> Pod:
        """Create a pod, attach it and start its containers; a failure undoes the steps before.

        `ports` of the node lead to it.
        """
        check_name(name)
        network = self._network(self._config())
        network.check()
        self._check_ports(name, network, ports)
        left: list[str] = []
        try:
            with ExitStack() as undo:
                record = self._build(
                    name, ports, network, lambda step: undo.callback(_try, step, left)
                )
                undo.pop_all()
        except (UserError, CommandError) as error:
            undone = f"; undoing it failed as well: {'; '.join(left)}" if left else ""
            raise PodError(
                f"pod {name} was not added to {self.node.name}: {error}{undone}",
                rule="pod-not-added",
            ) from error
        return self._pod(name, record, containers.processes(self.node, [name]))

    def remove(self, name: str) -> None:
        """End the pod's containers, detach it and delete its namespace."""
        check_name(name)
        record = self._record(name)
        if record is None:
            known = ", ".join(self._names()) or "none"
            raise PodError(
                f"{self.node.name} has no pod {name}; its pods: {known}", rule="pod-not-on-node"
            )
        # A start that was interrupted before it wrote an id has attached nothing yet.
        attachment = _attachment(name, record.get("id", name), _ports(record))
        try:
            containers.stop(self.node, name)
            self._detach(attachment, None)
            self._detach(_loopback(attachment), LOOPBACK)
            self._delete_namespace(name)
        except (UserError, CommandError) as error:
            raise PodError(
                f"pod {name} was not removed from {self.node.name}: {error}",
                rule="pod-not-removed",
            ) from error
        (self._records / f"{name}.json").unlink()

    def incomplete(self) -> tuple[str, ...]:
        """Names of pods that lack a part, as after an interrupted start; `remove` removes the rest.

        A part is the address, the network namespace, or the process of a container.
        """
        whole = {
            pod.name
            for pod in self.list()
            if pod.netns.exists() and all(each.netns.exists() for each in pod.containers)
        }
        return tuple(name for name in self._names() if name not in whole)

    def ports(self, name: str) -> tuple[HostPort, ...]:
        """Ports of the node that lead to a pod, be it incomplete; none where there is no pod."""
        return _ports(self._record(name) or {})

    def list(self) -> list[Pod]:
        """The pods that were added and not removed, by name."""
        records = {
            name: record
            for name in self._names()
            if (record := self._record(name)) and "address" in record
        }
        processes = containers.processes(self.node, records)
        return [self._pod(name, record, processes) for name, record in records.items()]

    def _build(
        self,
        name: str,
        ports: Sequence[HostPort],
        network: Network,
        later_undo: Callable[[Callable[[], object]], object],
    ) -> dict[str, Any]:
        record = self._claim(name, ports)
        file = self._records / f"{name}.json"
        later_undo(file.unlink)
        attachment = _attachment(name, record["id"], ports)
        self.node.run("ip", "netns", "add", name)
        later_undo(lambda: self._delete_namespace(name))
        loopback = self._network(LOOPBACK)
        loopback.add(_loopback(attachment))
        later_undo(lambda: loopback.delete(_loopback(attachment)))
        result = network.add(attachment)
        later_undo(lambda: network.delete(attachment))
        later_undo(lambda: containers.stop(self.node, name))
        containers.start(self.node, name)
        record |= {
            "address": str(address_of(result, network.config["name"])),
            "mtu": mtu_of(self.node, name, attachment.interface),
        }
        write_atomically(file, json.dumps(record))
        return record

    def _check_ports(self, name: str, network: Network, ports: Sequence[HostPort]) -> None:
        if ports and not network.offers(CAPABILITY):
            raise PodError(
                f"no plugin in the conflist of {self.node.name} has the capability {CAPABILITY}, "
                "so no port of the node can lead to a pod; `podnet status` says whether the node "
                "is outdated",
                rule="conflist-without-host-ports",
            )
        taken = [(each, port) for each in self._names() for port in self.ports(each)]
        check_free(name, ports, taken)

    def _claim(self, name: str, ports: Sequence[HostPort]) -> dict[str, Any]:
        """Write the first record; the file system lets exactly one of several callers do it."""
        self._records.mkdir(parents=True, exist_ok=True)
        record: dict[str, Any] = {
            "id": f"{name}-{secrets.token_hex(6)}",
            "ports": [str(port) for port in ports],
        }
        try:
            with (self._records / f"{name}.json").open("x") as file:
                json.dump(record, file)
        except FileExistsError:
            address = (self._record(name) or {}).get("address")
            state = f"with address {address}" if address else "incomplete"
            raise PodError(
                f"it exists already, {state}; remove it first", rule="pod-name-taken"
            ) from None
        return record

    def _config(self) -> dict[str, Any]:
        if not self._plugins.cache.parents[1].is_dir():
            raise PodError(
                f"{self.node.name} is not running (no process {self.node.pid})",
                rule="node-not-running",
            )
        return load(self.node.root / CONFLISTS, self.node.name)

    def _network(self, config: Mapping[str, Any]) -> Network:
        return Network(config, self._plugins)

    def _detach(self, attachment: Attachment, otherwise: Mapping[str, Any] | None) -> None:
        # Without a cached configuration the pod is incomplete: only the node's present
        # conflist then names what to clean up.
        config = cached_config(self._plugins.cache, attachment) or otherwise or self._config()
        self._network(config).delete(attachment)

    def _delete_namespace(self, name: str) -> None:
        if (self.node.root / NAMESPACES / name).exists():
            self.node.run("ip", "netns", "delete", name)

    def _names(self) -> tuple[str, ...]:
        return tuple(sorted(file.stem for file in self._records.glob("*.json")))

    def _record(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(json.loads((self._records / f"{name}.json").read_text() or "{}"))
        except FileNotFoundError:
            return None

    def _pod(
        self, name: str, record: Mapping[str, Any], processes: Mapping[tuple[str, str], int]
    ) -> Pod:
        return Pod(
            name=name,
            node=self.node,
            address=IPv4Address(record["address"]),
            mtu=record["mtu"],
            netns=self.node.root / NAMESPACES / name,
            exec_prefix=("ip", "netns", "exec", name),
            ports=_ports(record),
            containers=tuple(
                Container(each, self.node.root / f"proc/{processes[name, each]}/ns/net")
                for each in containers.NAMES
            ),
        )


def check_name(name: str) -> None:
    """Raise `PodError` unless the name is a DNS label."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name) or len(name) > LONGEST_LABEL:
        raise PodError(
            f"{name!r} is no pod name: use 1 to {LONGEST_LABEL} lower-case letters, "
            "digits and hyphens, with a letter or digit at both ends",
            rule="pod-name-is-dns-label",
        )


def _ports(record: Mapping[str, Any]) -> tuple[HostPort, ...]:
    return tuple(map(HostPort.parse, record.get("ports", ())))


def _attachment(name: str, container_id: str, ports: Sequence[HostPort]) -> Attachment:
    return Attachment(
        container_id=container_id,
        netns=f"/{NAMESPACES}/{name}",
        args={
            "IgnoreUnknown": "1",
            "K8S_POD_NAMESPACE": "default",
            "K8S_POD_NAME": name,
            "K8S_POD_INFRA_CONTAINER_ID": container_id,
        },
        capabilities={CAPABILITY: [port.mapping() for port in ports]} if ports else {},
    )


def _loopback(attachment: Attachment) -> Attachment:
    return Attachment(
        container_id=attachment.container_id,
        netns=attachment.netns,
        interface="lo",
        args=attachment.args,
    )


def _try(step: Callable[[], object], left: list[str]) -> None:
    try:
        step()
    except (UserError, CommandError) as error:
        left.append(str(error))
