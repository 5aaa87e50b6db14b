"""The evidence of a run: one JSON file, which is whole after every step."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from podnet.cli.app import show
from podnet.errors import UserError
from podnet.system.files import write_atomically

FORMAT = 1
ACCOUNT = re.compile(r"(?<![0-9a-zA-Z])[0-9]{12}(?![0-9a-zA-Z])")
"""The number of an account, as it is in ARNs: some errors of AWS have one."""
PASSED, FAILED, INTERRUPTED, RUNNING = "passed", "failed", "interrupted", "running"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(kw_only=True, slots=True)
class Evidence:
    """What a run did, when, for how long, and what came of it."""

    file: Path
    about: Mapping[str, Any]
    """What was known before the run: its name, region, settings, estimate, versions."""
    result: str = RUNNING
    reason: str | None = None
    """Of a run that did not pass."""
    left: list[dict[str, str]] | None = None
    """What is left after the end, by the sweeper; None where nobody could look."""
    steps: list[dict[str, Any]] = field(default_factory=list)
    began: str = field(default_factory=_now)
    ended: str | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Record a step; the block adds to what is yielded what it found."""
        found: dict[str, Any] = {"name": name, "began": _now(), "result": RUNNING}
        self.steps.append(found)
        self._keep()
        began = time.monotonic()
        try:
            yield found
            found["result"] = PASSED
        except BaseException as error:
            found["result"] = FAILED if isinstance(error, Exception) else INTERRUPTED
            found["reason"] = str(error) or type(error).__name__
            raise
        finally:
            found["seconds"] = round(time.monotonic() - began, 1)
            self._keep()

    def end(self) -> None:
        """Record the end of the run; raises `OSError`."""
        self.ended = _now()
        self.write()

    def fail(self, result: str, reason: str) -> None:
        """Record why the run did not pass; the first reason stays first."""
        if self.reason is None:
            self.result, self.reason = result, reason
        else:
            self.reason = f"{self.reason}\n{reason}"

    def write(self) -> None:
        """Write the file, without numbers of accounts, whole at any time; raises `OSError`."""
        whole = {
            "format": FORMAT,
            **self.about,
            "result": self.result,
            "reason": self.reason,
            "began": self.began,
            "ended": self.ended,
            "steps": self.steps,
            "left": self.left,
        }
        text = ACCOUNT.sub("ACCOUNT", json.dumps(whole, indent=2))
        write_atomically(self.file, text + "\n")

    def _keep(self) -> None:
        # A full disk must not keep a step from being made, of which the last destroys.
        try:
            self.write()
        except OSError as error:
            lost = UserError(
                f"{self.file} cannot be written ({error.strerror}); the run goes on, and needs it "
                "at its end",
                rule="acceptance-evidence-unwritten",
            )
            show(str(lost))
