"""What libcni does with a network configuration list: ADD and DEL through the real plugins."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lab.errors import LabError

FIRST_VERSION_WITH_RESULT_IN_DEL = (0, 4, 0)


class CniError(LabError):
    """A plugin refused or broke; `code` is the plugin's own, 0 where it gave none."""

    def __init__(self, message: str, code: int = 0) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the run of a plugin ended."""

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
    """Where plugins and cached results are, and how a plugin is run."""

    directory: str
    """Path of the plugins as the program to run sees it."""
    seen_at: Path
    """The same directory as this process sees it."""
    cache: Path
    execute: Execute


def load(directory: Path, owner: str) -> dict[str, Any]:
    """The configuration list a runtime would take: the first *.conflist by name."""
    files = sorted(directory.glob("*.conflist"))
    if not files:
        raise LabError(
            f"{owner} has no *.conflist in /etc/cni/net.d, so it can hold no pod; "
            "is its set-up finished?"
        )
    try:
        config = json.loads(files[0].read_text())
    except ValueError as error:
        raise LabError(f"{files[0].name} of {owner} is not JSON: {error}") from None
    if (problem := _problem(config)) is not None:
        raise LabError(f"{files[0].name} of {owner} {problem}")
    return dict(config)


def _problem(config: object) -> str | None:
    if not isinstance(config, dict):
        return "is not a JSON object"
    for key in ("name", "cniVersion"):
        if not isinstance(config.get(key), str) or not config[key]:
            return f"has no {key}"
    if not re.fullmatch(r"\d+\.\d+\.\d+", config["cniVersion"]):
        return f"has cniVersion {config['cniVersion']!r}; write it like 1.0.0"
    plugins = config.get("plugins")
    if not isinstance(plugins, list) or not plugins:
        return "names no plugins"
    for number, plugin in enumerate(plugins, 1):
        kind = plugin.get("type") if isinstance(plugin, dict) else None
        # The type becomes a path: a separator in it would lead out of the plugin directory.
        if not isinstance(kind, str) or not kind or "/" in kind:
            return f"gives plugin {number} the type {kind!r}; it must be the name of a plugin"
    return None


@dataclass(frozen=True, slots=True)
class Network:
    """A configuration list that can be attached and detached."""

    config: Mapping[str, Any]
    plugins: Plugins

    def check(self) -> None:
        """Raise `CniError` if a plugin is missing, before anything was made."""
        for plugin in self.config["plugins"]:
            self._find(plugin["type"])

    def add(self, attachment: Attachment) -> dict[str, Any]:
        """Run ADD through the chain, cache its result and return it; undone if it fails."""
        result: dict[str, Any] | None = None
        try:
            for plugin in self.config["plugins"]:
                result = self._run("ADD", plugin, attachment, result)
        except LabError as error:
            self._undo(attachment, error)
            raise
        if not result:
            failure = CniError(
                f"network {self.config['name']}: the last plugin of ADD, "
                f"{self.config['plugins'][-1]['type']}, gave no result"
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

    def _undo(self, attachment: Attachment, error: LabError) -> None:
        try:
            self.delete(attachment)
        except LabError as second:
            raise CniError(
                f"{error}; undoing it failed too: {second}", getattr(error, "code", 0)
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
        if not (self.plugins.seen_at / name).exists():
            raise CniError(
                f"plugin {name} of network {self.config['name']} is not in "
                f"{self.plugins.directory}; is its package installed?"
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
        draft = file.with_name(f".{file.name}.draft")
        draft.write_text(
            json.dumps(
                {
                    "kind": "cniCacheV1",
                    "containerId": attachment.container_id,
                    "config": base64.b64encode(json.dumps(self.config).encode()).decode(),
                    "ifName": attachment.interface,
                    "networkName": self.config["name"],
                    "cniArgs": [[key, value] for key, value in attachment.args.items()],
                    "capabilityArgs": dict(attachment.capabilities),
                    "result": result,
                }
            )
        )
        draft.replace(file)

    def _remembered(self, attachment: Attachment) -> dict[str, Any] | None:
        version = tuple(map(int, self.config["cniVersion"].split(".")))
        if version < FIRST_VERSION_WITH_RESULT_IN_DEL:
            return None
        try:
            return dict(json.loads(self._cached(attachment).read_text())["result"])
        except FileNotFoundError:
            return None


def cached_config(cache: Path, attachment: Attachment) -> dict[str, Any] | None:
    """The configuration list this interface was added with, None if no ADD was finished.

    DEL needs that one: the file on the node may have changed, or gone, since.
    """
    for file in cache.glob(f"*-{attachment.container_id}-{attachment.interface}"):
        return dict(json.loads(base64.b64decode(json.loads(file.read_text())["config"])))
    return None


def _failure(name: str, command: str, done: Outcome) -> CniError:
    said = _json(done.stdout)
    if said is None or "msg" not in said:
        output = (done.stderr or done.stdout).strip() or "no output"
        return CniError(f"plugin {name} broke off {command} with exit code {done.code}: {output}")
    details = f" ({said['details']})" if said.get("details") else ""
    code = said.get("code", 0)
    return CniError(
        f"plugin {name} refused {command} with code {code}: {said['msg']}{details}", code
    )


def _json(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
