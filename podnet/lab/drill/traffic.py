"""Starts and stops the traffic of a drill, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from podnet.errors import UserError
from podnet.lab.drill.losses import Losses
from podnet.lab.home import PROJECT
from podnet.probe import Endpoint
from podnet.probe.endpoint import labels

END_SECONDS = 20.0
MOST_SECONDS = 300.0


class Traffic:
    """Traffic between all pairs while the block of a `with` runs, or between those `asked` alone.

    A datagram of a pair that is asked is answered, and counts as lost without its answer.
    A process of its own makes it, so that what this one is busy with holds no packet up. It ends
    by itself after `limit` seconds, or when this process does.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        limit: float = MOST_SECONDS,
        asked: Sequence[tuple[Endpoint, Endpoint]] | None = None,
    ) -> None:
        names = labels(endpoints)
        self._order = json.dumps(
            {
                "limit": limit,
                "asked": asked
                and [(endpoints.index(one), endpoints.index(other)) for one, other in asked],
                "endpoints": [
                    {"label": label, "netns": str(each.netns), "address": str(each.address)}
                    for label, each in zip(names, endpoints, strict=True)
                ],
            }
        )
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Return when every connection is open and every pair has exchanged a datagram."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "podnet.lab.drill"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            self._write(f"{self._order}\n")
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
        """Stop sending, wait for packets in flight, and return the losses."""
        self._write("stop\n")
        return Losses.of_json(self._read())

    def _write(self, line: str) -> None:
        process = self._running()
        assert process.stdin is not None  # noqa: S101  # for the types: it was asked for
        try:
            process.stdin.write(line)
            process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and its last line gives the reason

    def _read(self) -> dict[str, Any]:
        process = self._running()
        assert process.stdout is not None  # noqa: S101  # for the types: it was asked for
        line = process.stdout.readline()
        if not line:
            _, output = process.communicate(timeout=END_SECONDS)
            raise UserError(
                f"the traffic of the drill ended by itself: {output.strip() or 'no output'}",
                rule="drill-ended",
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise UserError(f"the drill measured nothing: {answer['error']}", rule="drill-failed")
        return answer

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise UserError(
                "the traffic of the drill is not running; use it in a `with` statement",
                rule="drill-not-running",
            )
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
