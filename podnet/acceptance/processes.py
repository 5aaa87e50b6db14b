"""Commands that an interruption ends as a user would end them, and that keep their output."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from podnet.errors import UserError

GRACE = 900.0
"""Seconds that an interrupted command gets: Pulumi lets what is in the making be finished, and an
instance may take minutes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Runner:
    """Runs commands in a folder, with an environment, and logs what they print."""

    folder: Path
    environment: Mapping[str, str]
    log: Path

    def run(self, *argv: str, seconds: float) -> subprocess.CompletedProcess[str]:
        """The command at its end, whatever its code; raises `UserError` after `seconds`."""
        # In a session of its own, where the terminal's Ctrl-C does not reach it a second time.
        with subprocess.Popen(
            argv,
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                stdout, stderr = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                self._keep(argv, *_end(process))
                raise UserError(
                    f"`{shlex.join(argv)}` had not ended after {seconds:.0f} s and was "
                    f"interrupted; {self.log} has what it printed",
                    rule="acceptance-command-too-long",
                ) from None
            except BaseException:
                self._keep(argv, *_end(process))
                raise
        self._keep(argv, stdout, stderr)
        return subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)

    def check(self, *argv: str, seconds: float) -> str:
        """The standard output of a command that must end well; raises `UserError`."""
        done = self.run(*argv, seconds=seconds)
        if done.returncode:
            raise failed(argv, done, self.log)
        return done.stdout

    def _keep(self, argv: Sequence[str], stdout: str, stderr: str) -> None:
        with self.log.open("a") as file:
            file.write(f"$ {shlex.join(argv)}\n{stdout}{stderr}\n")


def failed(argv: Sequence[str], done: subprocess.CompletedProcess[str], log: Path) -> UserError:
    """The error of a command that did not end well, with the end of what it printed."""
    lines = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()
    return UserError(
        f"`{shlex.join(argv)}` ended with {done.returncode}; {log} has all that it printed, "
        "and at last:\n" + "\n".join(lines[-12:]),
        rule="acceptance-command-failed",
    )


def _end(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Interrupt a command and give it time; a second interruption, or too long a time, kills it."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=GRACE)
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
