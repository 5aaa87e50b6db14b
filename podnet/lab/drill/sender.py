"""The traffic of a drill: datagrams at a steady pace and open connections, from one loop."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path
from types import TracebackType
from typing import Self

from podnet.lab.drill.flows import BIGGEST, DATAGRAM, Connection, Endpoint, Flow, Sockets
from podnet.lab.drill.losses import Losses, PairLosses
from podnet.probe import reasons
from podnet.system.netns import file_limit, inside

RATE = 100
"""Datagrams a second from every endpoint to every other."""
MESSAGE_EVERY = 10
"""A connection sends a message with every so many datagrams."""
WARM_UP_SECONDS = 5.0
DATAGRAM_SECONDS = 1.0
MESSAGE_SECONDS = 5.0
"""Longer, since the kernel repeats a lost segment at ever longer intervals."""
MOST_TIMES = 10
MOST_BEHIND = 10
"""Ticks that are made up for; a longer hold-up of this process is left out."""


class SetUpError(Exception):
    """A pair that has no traffic to begin with."""


class Sender:
    """All sockets of a drill, and the loop that drives them."""

    def __init__(
        self, endpoints: Sequence[Endpoint], asked: Sequence[tuple[int, int]] | None = None
    ) -> None:
        """Open all sockets; raises `SetUpError` that names a pair without connectivity.

        `asked` are the only pairs, by number, where given: their datagrams are answered, and one
        without its answer is lost.
        """
        file_limit()
        self._poll = select.epoll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._seconds = 0.0
        self._files = ExitStack()
        try:
            self._files.callback(self._poll.close)
            every = [self._open(endpoint) for endpoint in endpoints]
            self._answers = asked is not None
            if asked is None:
                pairs = list(permutations(every, 2))
            else:
                pairs = [(every[source], every[target]) for source, target in asked]
            self._flows = [Flow(number, *pair) for number, pair in enumerate(pairs)]
            self._connections = [self._connect(*pair) for pair in pairs]
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
        """Send until this file can be read, then wait for packets in flight; False at the limit."""
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
            self._send(messages=ticks % MESSAGE_EVERY == 0)
            ticks += 1
            tick = max(tick + 1 / RATE, now - MOST_BEHIND / RATE)
        self._forget(stop)
        self._seconds = time.monotonic() - begun
        self._await(self._no_datagram_missing, DATAGRAM_SECONDS)
        self._await(self._no_message_missing, MESSAGE_SECONDS)
        return stopped

    def losses(self) -> Losses:
        """The losses of every pair."""
        return Losses(
            pairs=tuple(
                PairLosses(
                    source=flow.source.endpoint.label,
                    target=flow.target.endpoint.label,
                    sent=flow.counted,
                    lost=flow.lost,
                    lost_at=tuple(number / RATE for number in flow.lost_numbers(MOST_TIMES)),
                    outage=flow.longest_loss / RATE,
                    broken=connection.broken or ("silent" if connection.waits else None),
                )
                for flow, connection in zip(self._flows, self._connections, strict=True)
            ),
            seconds=round(self._seconds, 3),
        )

    def _open(self, endpoint: Endpoint) -> Sockets:
        try:
            sockets = inside(Path(endpoint.netns), lambda: Sockets(endpoint))
        except OSError as error:
            raise SetUpError(
                f"{endpoint.label} cannot take part: {reasons.of_error(error)}"
            ) from error
        self._files.callback(sockets.close)
        self._watch(sockets.receiving.fileno(), lambda: self._receive(sockets))
        self._watch(sockets.sending.fileno(), lambda: self._note(sockets.sending))
        self._watch(sockets.listening.fileno(), lambda: self._accept(sockets))
        return sockets

    def _connect(self, source: Sockets, target: Sockets) -> Connection:
        connection = Connection(source, target)
        self._files.callback(connection.socket.close)

        def receive() -> None:
            if not connection.receive():
                self._forget(connection.socket.fileno())

        self._watch(connection.socket.fileno(), receive)
        return connection

    def _receive(self, sockets: Sockets) -> None:
        if not self._answers:
            self._note(sockets.receiving)
            return
        while True:
            try:
                data, sender = sockets.receiving.recvfrom(BIGGEST)
                sockets.receiving.sendto(data, sender)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error for an earlier answer, which counts as lost

    def _note(self, arrived: socket.socket) -> None:
        while True:
            try:
                sender, number = DATAGRAM.unpack(arrived.recv(BIGGEST))
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error for an earlier datagram, which counts as lost
            self._flows[sender].note(number)

    def _accept(self, sockets: Sockets) -> None:
        connection, _ = sockets.listening.accept()
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
            if not data:  # the end that opened it reports the reason
                self._forget(connection.fileno())
                connection.close()

        self._watch(connection.fileno(), echo)

    def _warm_up(self) -> None:
        """Send until every pair has exchanged a datagram and a message."""
        limit = time.monotonic() + WARM_UP_SECONDS
        while (now := time.monotonic()) < limit and self._silent():
            self._send(messages=True)
            self._await(lambda: not self._silent(), min(0.2, limit - now))
        if silent := self._silent():
            raise SetUpError(
                f"{len(silent)} of {len(self._flows)} pairs have no connectivity to begin with, as "
                f"{silent[0]}; `podnet matrix` shows why"
            )
        self._await(self._no_datagram_missing, DATAGRAM_SECONDS)

    def _silent(self) -> list[str]:
        return [
            f"{flow.source.endpoint.label} to {flow.target.endpoint.label}"
            for flow, connection in zip(self._flows, self._connections, strict=True)
            if not any(flow.arrived) or not connection.received or connection.broken
        ]

    def _send(self, *, messages: bool) -> None:
        for flow in self._flows:
            flow.send()
        if messages:
            for connection in self._connections:
                connection.send()

    def _no_datagram_missing(self) -> bool:
        return not any(flow.lost for flow in self._flows)

    def _no_message_missing(self) -> bool:
        return not any(connection.waits for connection in self._connections)

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
