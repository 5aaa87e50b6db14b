"""Traffic of a drill as its user sees it: started, stopped, and what was lost in between."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from lab.drill.losses import Losses
from lab.errors import LabError
from lab.home import PROJECT
from lab.probe import Endpoint
from lab.probe.endpoint import labels

END_SECONDS = 20.0
MOST_SECONDS = 300.0


class Traffic:
    """Traffic between all pairs while the block of a `with` runs.

    A process of its own makes it, so that what this one is busy with holds no packet up. It ends
    by itself after `limit` seconds, or when this process does.
    """

    def __init__(self, endpoints: Sequence[Endpoint], limit: float = MOST_SECONDS) -> None:
        names = labels(endpoints)
        self._order = json.dumps(
            {
                "limit": limit,
                "ends": [
                    {"label": label, "netns": str(each.netns), "address": str(each.address)}
                    for label, each in zip(names, endpoints, strict=True)
                ],
            }
        )
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Return when every connection is open and every pair has exchanged a datagram."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.drill"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            self._tell(f"{self._order}\n")
            self._read()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the traffic, whether or not it was stopped."""
        self._end()

    def stop(self) -> Losses:
        """Send no more, wait for what is on its way, and say what was lost."""
        self._tell("stop\n")
        return Losses.of_json(self._read())

    def _tell(self, line: str) -> None:
        process = self._running()
        assert process.stdin is not None  # noqa: S101  # for the types: it was asked for
        try:
            process.stdin.write(line)
            process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and what it said last tells why

    def _read(self) -> dict[str, Any]:
        process = self._running()
        assert process.stdout is not None  # noqa: S101  # for the types: it was asked for
        line = process.stdout.readline()
        if not line:
            _, words = process.communicate(timeout=END_SECONDS)
            raise LabError(f"the drill's traffic ended by itself: {words.strip() or 'no output'}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise LabError(f"the drill tells nothing: {answer['error']}")
        return answer

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise LabError("the drill's traffic is not running; use it in a `with` statement")
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
