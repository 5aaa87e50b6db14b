"""The traffic of a drill: datagrams at a steady pace and open connections, from one loop."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.drill.flows import BIGGEST, DATAGRAM, End, Flow, Line, Place
from lab.drill.losses import Losses, PairLosses
from lab.probe import reasons
from lab.probe.netns import file_limit, inside

RATE = 100
"""Datagrams a second from every end to every other."""
WORDS_EVERY = 10
"""A connection says a word with every so many datagrams."""
WARM_UP_SECONDS = 5.0
DATAGRAM_SECONDS = 1.0
WORD_SECONDS = 5.0
"""Longer, since the kernel repeats a lost word only after a while, and then ever more seldom."""
MOST_TIMES = 10
MOST_BEHIND = 10
"""Ticks that are made up for; a longer hold-up of this process is left out."""


class SetUpError(Exception):
    """A pair that has no traffic to begin with."""


class Sender:
    """All sockets of a drill, and the loop that drives them."""

    def __init__(self, ends: Sequence[End]) -> None:
        """Open everything; raises `SetUpError` naming a pair that cannot talk."""
        file_limit()
        self._poll = select.epoll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._seconds = 0.0
        self._files = ExitStack()
        try:
            self._files.callback(self._poll.close)
            places = [self._place(end) for end in ends]
            pairs = list(permutations(places, 2))
            self._flows = [Flow(number, *pair) for number, pair in enumerate(pairs)]
            self._lines = [self._line(*pair) for pair in pairs]
            self._warm_up()
        except BaseException:
            self._files.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()

    def send_until(self, stop: int, limit: float) -> bool:
        """Send until this file can be read, then wait for the rest; False if the time was over."""
        stopped = False

        def end() -> None:
            nonlocal stopped
            stopped = True

        self._watch(stop, end)
        begun = time.monotonic()
        for flow in self._flows:
            flow.begin()
        tick, ticks = begun, 0
        while not stopped and (now := time.monotonic()) < begun + limit:
            if now < tick:
                self._turn(tick - now)
                continue
            self._send(words=ticks % WORDS_EVERY == 0)
            ticks += 1
            tick = max(tick + 1 / RATE, now - MOST_BEHIND / RATE)
        self._forget(stop)
        self._seconds = time.monotonic() - begun
        self._await(self._no_datagram_missing, DATAGRAM_SECONDS)
        self._await(self._no_word_missing, WORD_SECONDS)
        return stopped

    def losses(self) -> Losses:
        """What was lost of all that was sent."""
        return Losses(
            pairs=tuple(
                PairLosses(
                    source=flow.source.end.label,
                    target=flow.target.end.label,
                    sent=flow.counted,
                    lost=flow.lost,
                    lost_at=tuple(number / RATE for number in flow.lost_numbers(MOST_TIMES)),
                    outage=flow.longest_loss / RATE,
                    broken=line.broken or ("silent" if line.waits else None),
                )
                for flow, line in zip(self._flows, self._lines, strict=True)
            ),
            seconds=round(self._seconds, 3),
        )

    def _place(self, end: End) -> Place:
        try:
            place = inside(Path(end.netns), lambda: Place(end))
        except OSError as error:
            raise SetUpError(f"{end.label} takes no part: {reasons.of_error(error)}") from error
        self._files.callback(place.close)
        self._watch(place.receiving.fileno(), lambda: self._receive(place))
        self._watch(place.listening.fileno(), lambda: self._accept(place))
        return place

    def _line(self, source: Place, target: Place) -> Line:
        line = Line(source, target)
        self._files.callback(line.socket.close)

        def hear() -> None:
            if not line.hear():
                self._forget(line.socket.fileno())

        self._watch(line.socket.fileno(), hear)
        return line

    def _receive(self, place: Place) -> None:
        while True:
            try:
                sender, number = DATAGRAM.unpack(place.receiving.recv(BIGGEST))
            except BlockingIOError:
                return
            self._flows[sender].note(number)

    def _accept(self, place: Place) -> None:
        connection, _ = place.listening.accept()
        connection.settimeout(0)
        self._files.callback(connection.close)

        def echo() -> None:
            try:
                data = connection.recv(BIGGEST)
                connection.send(data)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:  # the end that opened it says why
                self._forget(connection.fileno())
                connection.close()

        self._watch(connection.fileno(), echo)

    def _warm_up(self) -> None:
        """Say and send until every pair has heard of each other."""
        limit = time.monotonic() + WARM_UP_SECONDS
        while (now := time.monotonic()) < limit and self._silent():
            self._send(words=True)
            self._await(lambda: not self._silent(), min(0.2, limit - now))
        if silent := self._silent():
            raise SetUpError(
                f"{len(silent)} of {len(self._flows)} pairs do not talk to begin with, as "
                f"{silent[0]}; `podnet matrix` says why"
            )
        self._await(self._no_datagram_missing, DATAGRAM_SECONDS)

    def _silent(self) -> list[str]:
        return [
            f"{flow.source.end.label} to {flow.target.end.label}"
            for flow, line in zip(self._flows, self._lines, strict=True)
            if not any(flow.arrived) or not line.heard or line.broken
        ]

    def _send(self, *, words: bool) -> None:
        for flow in self._flows:
            flow.send()
        if words:
            for line in self._lines:
                line.say()

    def _no_datagram_missing(self) -> bool:
        return not any(flow.lost for flow in self._flows)

    def _no_word_missing(self) -> bool:
        return not any(line.waits for line in self._lines)

    def _await(self, done: Callable[[], bool], seconds: float) -> None:
        limit = time.monotonic() + seconds
        while (now := time.monotonic()) < limit and not done():
            self._turn(min(0.05, limit - now))

    def _turn(self, seconds: float) -> None:
        for descriptor, _ in self._poll.poll(seconds):
            if handler := self._handlers.get(descriptor):
                handler()

    def _watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        self._handlers[descriptor] = handler
        self._poll.register(descriptor, select.EPOLLIN)

    def _forget(self, descriptor: int) -> None:
        if self._handlers.pop(descriptor, None):
            self._poll.unregister(descriptor)
