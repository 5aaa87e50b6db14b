"""Who deploys the stack of a run: the Pulumi CLI, as a user calls it."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from podnet.acceptance.names import PROJECT, identity_of, stack_of
from podnet.acceptance.processes import Runner
from podnet.errors import UserError
from podnet.system.files import write_atomically

SALT = re.compile(r"""^ *"?encryptionsalt"?: "?([^",\n]+)""", re.MULTILINE)
SHORT = 120.0
"""Seconds for a command that deploys nothing."""


class Deployment(Protocol):
    """A stack that can be deployed with other settings, and destroyed."""

    @property
    def identity(self) -> str:
        """The stack as its tag names it."""
        ...

    def up(self, settings: Mapping[str, str], seconds: float) -> None:
        """Deploy with these settings and no others; raises `UserError`."""
        ...

    def destroy(self, seconds: float) -> None:
        """Delete all that was deployed; raises `UserError`."""
        ...

    def versions(self) -> Mapping[str, str]:
        """Of the engine and its provider."""
        ...


def require_pulumi() -> None:
    """Raise `UserError` where there is no Pulumi CLI."""
    if shutil.which("pulumi") is None:
        raise UserError(
            "there is no `pulumi` on PATH, which deploys the run; install the Pulumi CLI",
            rule="acceptance-pulumi-missing",
        )


class PulumiStack:
    """A stack of the Pulumi CLI: settings, state and passphrase are in the folder of its run."""

    def __init__(self, project: Path, work: Path, run: str) -> None:
        """`project` is a clone of podnet, in which nothing is written."""
        self.identity = identity_of(run)
        self._stack = stack_of(run)
        self._own = work / "stack"
        self._settings = self._own / f"Pulumi.{self._stack}.yaml"
        backend = work / "state"
        for folder in (self._own, backend):
            folder.mkdir(parents=True, exist_ok=True)
        passphrase = work / "passphrase"
        if not passphrase.exists():
            write_atomically(passphrase, secrets.token_urlsafe(32), 0o600)
        environment = {
            **os.environ,
            # Without it the CLI cannot read a state beside which it was killed (docs/operating.md).
            "PULUMI_BACKEND_URL": f"file://{backend}?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        environment.pop("PULUMI_CONFIG_PASSPHRASE", None)
        log = work / "pulumi.log"
        self._program = Runner(folder=project, environment=environment, log=log)
        # `stack init` writes beside Pulumi.yaml, which in the clone is not the run's place.
        self._keeper = Runner(folder=self._own, environment=environment, log=log)

    def up(self, settings: Mapping[str, str], seconds: float) -> None:
        """Deploy with these settings and no others; raises `UserError`."""
        if not self._settings.exists():
            (self._own / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
            self._keeper.check(*COMMAND, "stack", "init", self._stack, seconds=SHORT)
        self._write(settings)
        self._deploy("up", seconds)

    def destroy(self, seconds: float) -> None:
        """Delete all that was deployed; raises `UserError`."""
        if self._settings.exists():
            self._deploy("destroy", seconds)

    def versions(self) -> Mapping[str, str]:
        """Of the CLI and the provider's package, which names the plugin of its own version."""
        found = self._keeper.check("pulumi", "version", seconds=SHORT).strip()
        return {"pulumi CLI": found, "pulumi-aws": version("pulumi-aws")}

    def _deploy(self, what: str, seconds: float) -> None:
        options = ("--yes", "--stack", self._stack, "--config-file", str(self._settings))
        self._program.check(*COMMAND, what, *options, seconds=seconds)

    def _write(self, settings: Mapping[str, str]) -> None:
        """The settings beside the salt of the passphrase; what is JSON is YAML as well."""
        salt = SALT.search(self._settings.read_text())
        kept = {"encryptionsalt": salt[1]} if salt else {}
        # Read again as JSON, since a list in a text would be a text to Pulumi.
        typed = {key: _typed(value) for key, value in settings.items()}
        write_atomically(self._settings, json.dumps({**kept, "config": typed}, indent=2) + "\n")


def _typed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


COMMAND = ("pulumi", "--non-interactive", "--color", "never")
