"""Runs the Pulumi CLI so that Ctrl-C ends it in order: one interrupt, and a wait for its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error

from podnet.lab.engines.pulumi import confined

OnOutput = Callable[[str], object]
CONFINED = Path(confined.__file__)
EVENT_LOG = re.compile(r"tcp://(127\.0\.0\.1:\d+)")
"""The server of the automation API to which the CLI reports its events."""


class Command(PulumiCommand):
    """The `pulumi` on PATH, which reaches the lab's API and nothing beyond this machine.

    The SDK's own leaves the CLI in the terminal's process group and returns a quarter of a second
    after Ctrl-C, while the CLI goes on deploying. To the CLI a second interrupt means: stop at
    once and leave pending operations. So it gets a group of its own, and exactly one.
    """

    def __init__(self, endpoint: str) -> None:
        """Finds the CLI; `endpoint` is the lab's API on loopback."""
        super().__init__()
        parts = urlsplit(endpoint)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        self._api = f"{parts.hostname}:{port}"

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Run one command; raises `CommandError`, and `KeyboardInterrupt` after the CLI's end."""
        reachable = [self._api, *(found[1] for arg in args if (found := EVENT_LOG.fullmatch(arg)))]
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", str(CONFINED), *reachable, "--"),
                *(self.command, "--non-interactive", *args),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"},
            encoding="utf-8",
            process_group=0,
        )
        with ThreadPoolExecutor(2) as readers:
            output = readers.submit(_lines, process.stdout, on_output)
            errors = readers.submit(_lines, process.stderr, on_error)
            interrupted = _wait(process)
        if interrupted:
            raise KeyboardInterrupt
        result = CommandResult(
            stdout="\n".join(output.result()),
            stderr="\n".join(errors.result()),
            code=process.returncode,
        )
        if result.code:
            raise create_command_error(result)
        return result


def _wait(process: subprocess.Popen[str]) -> bool:
    """Wait for the end of a process, whatever the user presses; whether there was an interrupt."""
    interrupted = False
    while True:
        try:
            process.wait()
        except KeyboardInterrupt:
            if not interrupted:
                process.send_signal(signal.SIGINT)
            interrupted = True
        else:
            return interrupted


def _lines(stream: IO[str] | None, listen: OnOutput | None) -> list[str]:
    lines: list[str] = []
    if stream is None:
        return lines
    with stream:
        for line in stream:
            lines.append(line.rstrip())
            if listen is not None:
                listen(lines[-1])
    return lines
