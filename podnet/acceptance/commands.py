"""podnet's own commands on the stack of a run, as a user calls them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from podnet.acceptance.processes import Runner, failed

VERDICTS = (0, 1)
"""Exit codes of commands that print a verdict: it holds, or it does not."""


@dataclass(frozen=True, slots=True)
class Podnet:
    """The commands that prove and probe one stack of an account."""

    runner: Runner
    identity: str
    region: str

    def proof(self, seconds: float) -> dict[str, Any]:
        """The proof on paper; raises `UserError` where there is none."""
        return self._answer("verify", "--live", seconds=seconds)

    def matrix(self, seconds: float) -> dict[str, Any]:
        """The verdict of packets between all pairs; raises `UserError` where there is none."""
        return self._answer("matrix", "--live=ssm", seconds=seconds)

    def _answer(self, *command: str, seconds: float) -> dict[str, Any]:
        which = ("--stack", self.identity, "--region", self.region, "--json")
        argv = (sys.executable, "-m", "podnet.cli", *command, *which)
        done = self.runner.run(*argv, seconds=seconds)
        try:
            answer: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise failed(argv, done, self.runner.log) from None
        if done.returncode not in VERDICTS:
            raise failed(argv, done, self.runner.log)
        return answer
