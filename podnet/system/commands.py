"""Runs commands given as argument lists; a failure shows the command as you could paste it."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence

from podnet.errors import UserError


class CommandError(UserError):
    """A command failed; the message holds the command line, quoted for a shell, and its output."""

    def __init__(self, argv: Sequence[str], code: int, output: str) -> None:
        self.code = code
        self.output = output.strip()
        super().__init__(
            f"`{shlex.join(argv)}` ended with {code}: {self.output or 'no output'}",
            rule="command-failed",
        )


def run(*argv: str, stdin: str | None = None, timeout: float | None = None) -> str:
    """Run a command and return its standard output; raises `CommandError` if it fails."""
    done = subprocess.run(
        argv, input=stdin, capture_output=True, text=True, check=False, timeout=timeout
    )
    if done.returncode:
        raise CommandError(argv, done.returncode, done.stderr or done.stdout)
    return done.stdout
