"""Drives the real Pulumi CLI against the lab, with everything it keeps in the lab's own home."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation

from podnet.lab.engines.adoption import Account
from podnet.lab.engines.errors import (
    EngineError,
    ProjectError,
    StateGoneError,
    StateLockedError,
)
from podnet.lab.engines.lock import locked
from podnet.lab.engines.project import Project, read_mapping
from podnet.lab.engines.pulumi import plugins
from podnet.lab.engines.pulumi.command import Command
from podnet.lab.engines.pulumi.events import Steps, plain
from podnet.lab.engines.pulumi.recovery import Recovery
from podnet.lab.engines.report import Event, Summary
from podnet.lab.providers.aws.session import loopback
from podnet.lab.providers.kubernetes.plugin import NAMESPACE
from podnet.lab.providers.protocol import Values
from podnet.plan.tags import ORGANIZATION, identity
from podnet.system.files import write_atomically
from podnet.system.waiting import wait_until

LOCK_TIMEOUT = 30.0
POLL = 0.2


class PulumiCli:
    """Deploys one stack of a Pulumi project to the lab by the Pulumi CLI.

    `home` holds all that the CLI keeps: plugins, state, passphrase, and a private copy of the
    stack's configuration with the overrides in it. The user's own set-up and the project's files
    stay as they are.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # as the embedded engine, and where the lab is
        self,
        project: Path,
        stack: str,
        home: Path,
        endpoint: str,
        region: str,
        on_event: Callable[[Event], None] | None = None,
        config: Mapping[str, str] | None = None,
        *,
        lock_timeout: float = LOCK_TIMEOUT,
        namespace: Path | None = None,
    ) -> None:
        """Names the project, its stack, the home of the CLI and the API of the lab.

        `namespace` is the file of the network namespace from which the lab's clusters are reached.
        A second one on the same home waits `lock_timeout` seconds for the first, then raises
        `StateLockedError`.
        """
        self._directory = project.resolve()
        self._stack = stack
        self._home = home.resolve()
        self._endpoint = loopback(endpoint)
        self._region = region
        self._on_event = on_event
        self._overrides = dict(config or {})
        self._lock_timeout = lock_timeout
        self._namespace = namespace

    def preview(self) -> Summary:
        """Compute the steps of `up`. Changes nothing."""
        with self._run() as (stack, file, steps):
            stack.preview(on_event=steps.handle, config_file=file)
        return steps.summary()

    def plan(self) -> Values:
        """What `up` would leave, as the CLI writes it."""
        with self._run() as (stack, file, steps):
            command = ["preview", "--json", "--show-sames", "--config-file", file]
            try:
                written = stack.workspace.pulumi_command.run(
                    [*command, "--stack", stack.name],
                    str(self._directory),
                    {"PULUMI_HOME": str(self._home), **self._environment()},
                )
            except automation.CommandError:
                stack.preview(on_event=steps.handle, config_file=file)  # its events say why
                raise
        plan: Values = json.loads(written.stdout)
        return plan

    def up(self) -> Summary:
        """Run the program and bring the stack to what it wants."""
        with self._run() as (stack, file, steps), self._to_the_end(stack, file):
            stack.up(on_event=steps.handle, config_file=file, show_secrets=False)
        return steps.summary()

    def refresh(self) -> Summary:
        """Record every resource as it really is, without running the program."""
        with self._run(refreshing=True) as (stack, file, steps):
            self._recovery(stack).adopt()
            stack.refresh(on_event=steps.handle, config_file=file, show_secrets=False)
        return steps.summary()

    def destroy(self) -> Summary:
        """Delete every resource of the stack, without running the program."""
        with self._run() as (stack, file, steps), self._to_the_end(stack, file):
            stack.destroy(on_event=steps.handle, config_file=file, show_secrets=False)
        return steps.summary(outputs=False)

    def outputs(self) -> Values:
        """The exports of the last `up`; secret ones read `[secret]`."""
        try:
            exports = self._selected().outputs()
        except automation.CommandError as error:
            raise EngineError(
                f"the Pulumi CLI reported no outputs: {error}", rule="pulumi-outputs-unavailable"
            ) from error
        return {
            name: "[secret]" if output.secret else plain(output.value)
            for name, output in exports.items()
        }

    @contextmanager
    def _run(self, *, refreshing: bool = False) -> Iterator[tuple[automation.Stack, str, Steps]]:
        """The stack, its private configuration and a listener, while nobody else works on it."""
        steps = Steps(self._on_event, refreshing=refreshing)
        self._home.mkdir(parents=True, exist_ok=True)
        with locked(self._home / f"{self._stack}.run", self._lock_timeout):
            plugins.install(self._home)
            self._await_others()
            try:
                keeper = self._selected()
                configuration = self._configuration()
                stack = automation.Stack.select(keeper.name, self._workspace(self._directory))
                yield stack, str(configuration), steps
            except EngineError:
                raise
            except (automation.CommandError, RuntimeError, OSError) as error:
                if not self._home.exists():
                    raise StateGoneError(self._home) from error
                if isinstance(error, OSError):
                    raise
                # RuntimeError: the automation API missed an event, since the CLI never came to it.
                raise steps.error(f"the Pulumi CLI failed: {error}") from error

    @contextmanager
    def _to_the_end(self, stack: automation.Stack, file: str) -> Iterator[None]:
        """Mark a run until it ends; after one that did not, adopt what it made and refresh first.

        One resource may have removed another's rules; only a refresh shows it.
        """
        unfinished = self._home / f"{self._stack}.unfinished"
        recovery = self._recovery(stack)
        if unfinished.exists():
            recovery.adopt()
            # With secrets, the CLI would write a salt for them into the project's own file.
            stack.refresh(config_file=file, show_secrets=False)
        before = recovery.resources()
        if not unfinished.exists():
            project = Project.load(self._directory).name
            recovery.refuse_occupied(identity(ORGANIZATION, project, self._stack), before)
        unfinished.touch()
        yield
        recovery.clear_leftovers(before)
        unfinished.unlink(missing_ok=True)

    def _recovery(self, stack: automation.Stack) -> Recovery:
        return Recovery(stack, Account(self._endpoint, self._region))

    def _selected(self) -> automation.Stack:
        """The stack as the CLI keeps it, from a directory of its own.

        `pulumi stack init` writes into the stack's file, which in the project is not the lab's.
        """
        keeper = self._keeper()
        keeper.mkdir(parents=True, exist_ok=True)
        name = Project.load(self._directory).name
        (keeper / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
        return automation.Stack.create_or_select(self._stack, self._workspace(keeper))

    def _keeper(self) -> Path:
        return self._home / "stack"

    def _workspace(self, directory: Path) -> automation.LocalWorkspace:
        try:
            return automation.LocalWorkspace(
                work_dir=str(directory),
                pulumi_home=str(self._home),
                env_vars=self._environment(),
                pulumi_command=Command(self._endpoint),
            )
        except (OSError, RuntimeError, automation.errors.InvalidVersionError) as error:
            raise EngineError(
                f"no usable `pulumi` on PATH ({error}); install the Pulumi CLI, or "
                f"use the embedded engine",
                rule="pulumi-unusable",
            ) from error

    def _environment(self) -> dict[str, str]:
        backend = self._home / "backend"
        backend.mkdir(parents=True, exist_ok=True)
        return {
            # Without it the CLI keeps a file beside its state that it writes in place: empty after
            # a kill, and then the CLI reads the state no more (gocloud.dev v0.46, blob/fileblob).
            "PULUMI_BACKEND_URL": f"file://{backend}?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE": self._passphrase(),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # A plugin that is not here must be an error: the vendor's would reach for AWS.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # Nor may a plugin on PATH stand in for the lab's: it would be of that other kind.
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            # Neither does a kubeconfig of the user's stand in for one that is missing.
            "KUBECONFIG": "",
            NAMESPACE: str(self._namespace or ""),
            "AWS_ENDPOINT_URL": self._endpoint,
        }

    def _passphrase(self) -> str:
        file = self._home / "passphrase"
        if not file.exists():
            write_atomically(file, secrets.token_urlsafe(32), 0o600)
        return file.read_text()

    def _configuration(self) -> Path:
        """The stack's configuration with the overrides, apart from the project's own file."""
        project = Project.load(self._directory)
        source = project.stack_file(self._stack)
        content: dict[str, Any] = read_mapping(source) if source.exists() else {}
        values = dict(content.get("config") or {})
        for key, value in values.items():
            if isinstance(value, dict) and value.keys() == {"secure"}:
                raise ProjectError(
                    f"{source}: {key} is encrypted with a key that the lab does not "
                    f"have; give the lab a stack of its own",
                    rule="configuration-encrypted-by-pulumi",
                )
        for key, value in {"aws:region": self._region, **self._overrides}.items():
            name = key if ":" in key else f"{project.name}:{key}"
            values[name] = _typed(project, name, value)
        private = self._keeper() / f"Pulumi.{self._stack}.yaml"
        salt = {
            key: value
            for key, value in (read_mapping(private) if private.exists() else {}).items()
            if key == "encryptionsalt"
        }
        private.write_text(yaml.safe_dump({**salt, "config": values}, sort_keys=False))
        return private

    def _await_others(self) -> None:
        """Wait for a CLI that outlived the one who started it; clear what a killed one left."""
        name = Project.load(self._directory).name
        locks = self._home / "backend/.pulumi/locks/organization" / name / self._stack
        deadline = time.monotonic() + self._lock_timeout
        for file in locks.glob("*.json"):
            holder = int(json.loads(file.read_text())["pid"])
            process = Path(f"/proc/{holder}")

            def released(file: Path = file, process: Path = process) -> bool:
                return not (file.exists() and process.exists())

            if not wait_until(released, deadline - time.monotonic(), POLL):
                raise StateLockedError(
                    f"stack {self._stack} in {self._home} is in use by process {holder}; "
                    f"waited {self._lock_timeout:g} s for it: let it finish, or end it",
                    rule="stack-locked-by-pulumi",
                )
            file.unlink(missing_ok=True)


def _typed(project: Project, name: str, value: str) -> object:
    """An override as YAML would have it: lists, numbers and the like where these are declared."""
    declaration = project.declared.get(name)
    kind = declaration.get("type") if isinstance(declaration, dict) else None
    if kind in (None, "string"):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value  # the CLI says what is wrong with it
