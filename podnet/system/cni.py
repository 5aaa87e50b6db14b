"""ADD and DEL of a network configuration list through the real plugins, as libcni does it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_interface
from pathlib import Path
from typing import Any, Protocol

from podnet.errors import UserError
from podnet.system.files import write_atomically

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where plugins find the tools that they call."""
PLUGIN_SECONDS = 30
"""How long a plugin may take."""

FIRST_VERSION_WITH_RESULT_IN_DEL = (0, 4, 0)


class CniError(UserError):
    """A plugin refused or crashed; `code` is the plugin's own, 0 where it gave none."""

    def __init__(self, message: str, code: int = 0, *, rule: str) -> None:
        self.code = code
        super().__init__(message, rule=rule)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The exit code and the output of a plugin."""

    code: int
    stdout: str
    stderr: str


class Execute(Protocol):
    """Runs a plugin where the network is: with this environment and nothing of our own."""

    def __call__(self, program: str, env: Mapping[str, str], stdin: str) -> Outcome:
        """Run the program to its end."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """One interface of one container (libcni's RuntimeConf)."""

    container_id: str
    netns: str
    interface: str = "eth0"
    args: Mapping[str, str] = field(default_factory=dict)
    """CNI_ARGS."""
    capabilities: Mapping[str, object] = field(default_factory=dict)
    """Offered to the plugins that declare the capability, as their `runtimeConfig`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugins:
    """The directories of plugins and of cached results, and the function that runs a plugin."""

    directory: str
    """Path of the plugins as the program to run sees it."""
    host_path: Path
    """The same directory as this process sees it."""
    cache: Path
    execute: Execute


def load(directory: Path, owner: str) -> dict[str, Any]:
    """The configuration list that a runtime takes: the first *.conflist by name."""
    files = sorted(directory.glob("*.conflist"))
    if not files:
        raise UserError(
            f"{owner} has no *.conflist in /etc/cni/net.d, so it can hold no pod; "
            "is its set-up finished?",
            rule="conflist-missing",
        )
    file = f"{files[0].name} of {owner}"
    try:
        config = json.loads(files[0].read_text())
    except ValueError as error:
        raise UserError(f"{file} is not JSON: {error}", rule="conflist-not-json") from None
    _check(file, config)
    return dict(config)


def _check(file: str, config: object) -> None:
    if not isinstance(config, dict):
        raise UserError(f"{file} is not a JSON object", rule="conflist-not-object")
    for key in ("name", "cniVersion"):
        if not isinstance(config.get(key), str) or not config[key]:
            raise UserError(f"{file} has no {key}", rule="conflist-key-missing")
    version = config["cniVersion"]
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise UserError(
            f"{file} has cniVersion {version!r}; write it like 1.0.0", rule="conflist-version"
        )
    plugins = config.get("plugins")
    if not isinstance(plugins, list) or not plugins:
        raise UserError(f"{file} names no plugins", rule="conflist-plugins-missing")
    for number, plugin in enumerate(plugins, 1):
        kind = plugin.get("type") if isinstance(plugin, dict) else None
        # The type becomes a path: a separator in it would leave the plugin directory.
        if not isinstance(kind, str) or not kind or "/" in kind:
            raise UserError(
                f"{file} gives plugin {number} the type {kind!r}; it must be the name of a plugin",
                rule="conflist-plugin-type",
            )


@dataclass(frozen=True, slots=True)
class Network:
    """A configuration list that can be attached and detached."""

    config: Mapping[str, Any]
    plugins: Plugins

    def check(self) -> None:
        """Raise `CniError` if a plugin is missing."""
        for plugin in self.config["plugins"]:
            self._find(plugin["type"])

    def offers(self, capability: str) -> bool:
        """Whether a plugin of the list declares the capability."""
        plugins = self.config["plugins"]
        return any(plugin.get("capabilities", {}).get(capability) is True for plugin in plugins)

    def add(self, attachment: Attachment) -> dict[str, Any]:
        """Run ADD through the chain, cache its result and return it; undone if it fails."""
        result: dict[str, Any] | None = None
        try:
            for plugin in self.config["plugins"]:
                result = self._run("ADD", plugin, attachment, result)
        except UserError as error:
            self._undo(attachment, error)
            raise
        if not result:
            failure = CniError(
                f"network {self.config['name']}: the last plugin of ADD, "
                f"{self.config['plugins'][-1]['type']}, gave no result",
                rule="cni-result-missing",
            )
            self._undo(attachment, failure)
            raise failure
        self._remember(attachment, result)
        return result

    def delete(self, attachment: Attachment) -> None:
        """Run DEL through the chain in reverse; the cache goes when every plugin is done."""
        result = self._remembered(attachment)
        for plugin in reversed(self.config["plugins"]):
            self._run("DEL", plugin, attachment, result)
        self._cached(attachment).unlink(missing_ok=True)

    def _undo(self, attachment: Attachment, error: UserError) -> None:
        try:
            self.delete(attachment)
        except UserError as second:
            raise CniError(
                f"{error}; undoing it failed too: {second}",
                getattr(error, "code", 0),
                rule="cni-not-undone",
            ) from error

    def _run(
        self,
        command: str,
        plugin: Mapping[str, Any],
        attachment: Attachment,
        previous: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        name = plugin["type"]
        self._find(name)
        config = self._config_of(plugin, attachment, previous)
        env = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": attachment.container_id,
            "CNI_NETNS": attachment.netns,
            "CNI_IFNAME": attachment.interface,
            "CNI_PATH": self.plugins.directory,
            "CNI_ARGS": ";".join(f"{key}={value}" for key, value in attachment.args.items()),
        }
        done = self.plugins.execute(f"{self.plugins.directory}/{name}", env, json.dumps(config))
        if done.code:
            raise _failure(name, command, done)
        return _json(done.stdout) or {}

    def _find(self, name: str) -> None:
        if not (self.plugins.host_path / name).exists():
            raise CniError(
                f"plugin {name} of network {self.config['name']} is not in "
                f"{self.plugins.directory}; is its package installed?",
                rule="cni-plugin-missing",
            )

    def _config_of(
        self, plugin: Mapping[str, Any], attachment: Attachment, previous: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        config = dict(plugin) | {
            "name": self.config["name"],
            "cniVersion": self.config["cniVersion"],
        }
        if previous is not None:
            config["prevResult"] = previous
        declared = plugin.get("capabilities", {})
        runtime = {
            key: value
            for key, value in attachment.capabilities.items()
            if declared.get(key) is True
        }
        if runtime:
            config["runtimeConfig"] = runtime
        return config

    def _cached(self, attachment: Attachment) -> Path:
        name = f"{self.config['name']}-{attachment.container_id}-{attachment.interface}"
        return self.plugins.cache / name

    def _remember(self, attachment: Attachment, result: Mapping[str, Any]) -> None:
        file = self._cached(attachment)
        file.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "kind": "cniCacheV1",
            "containerId": attachment.container_id,
            "config": base64.b64encode(json.dumps(self.config).encode()).decode(),
            "ifName": attachment.interface,
            "networkName": self.config["name"],
            "cniArgs": [[key, value] for key, value in attachment.args.items()],
            "capabilityArgs": dict(attachment.capabilities),
            "result": result,
        }
        write_atomically(file, json.dumps(content))

    def _remembered(self, attachment: Attachment) -> dict[str, Any] | None:
        version = tuple(map(int, self.config["cniVersion"].split(".")))
        if version < FIRST_VERSION_WITH_RESULT_IN_DEL:
            return None
        try:
            return dict(json.loads(self._cached(attachment).read_text())["result"])
        except FileNotFoundError:
            return None


def address_of(result: Mapping[str, Any], network: str) -> IPv4Address:
    """The first IPv4 address of an ADD result; raises `CniError` where there is none."""
    for entry in result.get("ips", ()):
        interface = ip_interface(entry["address"])
        if isinstance(interface.ip, IPv4Address):
            return interface.ip
    raise CniError(
        f"network {network} gave the pod no IPv4 address", rule="pod-without-ipv4-address"
    )


def cached_config(cache: Path, attachment: Attachment) -> dict[str, Any] | None:
    """The configuration list this interface was added with, None if no ADD was finished.

    DEL needs that one: the file on the node may have changed, or gone, since.
    """
    for file in cache.glob(f"*-{attachment.container_id}-{attachment.interface}"):
        return dict(json.loads(base64.b64decode(json.loads(file.read_text())["config"])))
    return None


def _failure(name: str, command: str, done: Outcome) -> CniError:
    error = _json(done.stdout)
    if error is None or "msg" not in error:
        output = (done.stderr or done.stdout).strip() or "no output"
        return CniError(
            f"plugin {name} ended {command} with exit code {done.code}: {output}",
            rule="cni-plugin-crashed",
        )
    details = f" ({error['details']})" if error.get("details") else ""
    code = error.get("code", 0)
    return CniError(
        f"plugin {name} refused {command} with code {code}: {error['msg']}{details}",
        code,
        rule="cni-plugin-refused",
    )


def _json(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
