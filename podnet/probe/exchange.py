"""The sending ends: each check returns None if it passes, and otherwise the reason."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TypeVar

from podnet.probe import reasons
from podnet.probe.receiver import (
    ASK,
    BIGGEST,
    NO_REPLY,
    ArrivalLog,
    ReceiverAddress,
    Report,
    read_answer,
)

T = TypeVar("T")

TRIES = 5
SLICES = 4
IP_UDP_HEADERS = 28
# A packet may be overtaken by the next one where the two are handled by different processors.
OVERTAKEN = 0.02
# linux/in.h; the socket module does not name them.
IP_MTU_DISCOVER = 10
IP_PMTUDISC_PROBE = 3


async def patiently(work: Awaitable[T], seconds: float) -> T:
    """Wait for the work; raises TimeoutError.

    In slices, each begun after the one before: when this process itself is held up, one slice
    passes and not the whole time, so a busy machine is not taken for a silent network.
    """
    task = asyncio.ensure_future(work)
    for _ in range(SLICES):
        done, _ = await asyncio.wait({task}, timeout=seconds / SLICES)
        if done:
            return task.result()
    task.cancel()
    await asyncio.wait({task})
    raise TimeoutError


@dataclass(frozen=True, slots=True)
class Exchange:
    """The checks, with the time that each may take."""

    arrivals: ArrivalLog
    timeout: float
    by_answers: bool = False
    """True where receivers are in other processes, whose log this one cannot read: a packet has
    then arrived when its answer has."""

    async def tcp(
        self,
        attempts: Sequence[socket.socket],
        receiver: ReceiverAddress,
        expected_source: IPv4Address | None = None,
    ) -> str | None:
        """A connection on which the receiver reports the source address that it must see.

        That is `expected_source`, or the sender's own address without one. The kernel repeats a
        lost SYN only after a second; the second socket does it sooner.
        """
        for sender in attempts:
            try:
                own, report = await patiently(
                    self._connected(sender, receiver), self.timeout / len(attempts)
                )
            except TimeoutError:
                continue
            except OSError as error:
                return reasons.of_error(error)
            except ValueError:
                return reasons.CLOSED
            return _verdict(report, receiver.label, str(expected_source or own))
        return reasons.no_answer(self.timeout)

    async def _connected(
        self, sender: socket.socket, receiver: ReceiverAddress
    ) -> tuple[str, Report]:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sender, receiver.tcp)
        await loop.sock_sendall(sender, self.arrivals.new_id())
        answer = b""
        while not answer.endswith(b"\n") and (more := await loop.sock_recv(sender, BIGGEST)):
            answer += more
        return sender.getsockname()[0], read_answer(answer)[1]

    async def udp(self, sender: socket.socket, receiver: ReceiverAddress) -> str | None:
        """A datagram and its answer, repeated a few times within the timeout."""
        packet_id = self.arrivals.new_id()
        try:
            sender.connect(receiver.udp)
            own = sender.getsockname()[0]
            for _ in range(TRIES):
                sender.send(packet_id + ASK)
                try:
                    report = await patiently(_answer(sender, packet_id), self.timeout / TRIES)
                except TimeoutError:
                    continue
                return _verdict(report, receiver.label, own)
        except OSError as error:
            return reasons.of_error(error)
        arrival = self.arrivals.arrival(packet_id)
        if not arrival.done():
            return reasons.no_answer(self.timeout)
        return _verdict(arrival.result(), receiver.label, own) or reasons.answer_lost(self.timeout)

    async def mtu(self, sender: socket.socket, receiver: ReceiverAddress, mtu: int) -> str | None:
        """A packet of `mtu` bytes arrives unfragmented, one of a byte more does not."""
        # PROBE sets DF and goes by the interface's MTU alone: a path MTU that the kernel
        # remembers from an earlier run must not answer for the path.
        sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
        try:
            sender.connect(receiver.udp)
            if (reason := await self._full(sender, mtu)) is not None:
                return reason
            return await self._over(sender, mtu)
        except OSError as error:
            return reasons.of_error(error)

    async def _full(self, sender: socket.socket, mtu: int) -> str | None:
        too_big = False
        for _ in range(TRIES):
            too_big |= _pending_too_big(sender)
            packet_id = self.arrivals.new_id()
            if not self._leaves(sender, packet_id, mtu):
                return reasons.too_big_here(mtu)
            refusals: list[OSError] = []
            try:
                await patiently(self._arrival(sender, packet_id, refusals), self.timeout / TRIES)
            except TimeoutError:
                too_big |= bool(refusals)
                continue
            return None
        if too_big or _pending_too_big(sender):
            return reasons.too_big_on_the_way(mtu)
        return reasons.black_hole(mtu, self.timeout)

    async def _over(self, sender: socket.socket, mtu: int) -> str | None:
        """Send a packet that is too long and a full one behind it; only the full one arrives.

        That nothing arrives proves nothing by itself, so the full packet is the proof that the
        path carried packets at that moment.
        """
        over = self.arrivals.new_id()
        for _ in range(TRIES):
            # Twice, so that one that is lost by chance is not taken for the limit of the path.
            for _ in range(2):
                # Otherwise the send would report the ICMP error for the packet before it.
                _pending_too_big(sender)
                if not self._leaves(sender, over, mtu + 1):
                    return None
            _pending_too_big(sender)
            # A new one for each try: the arrival of an earlier one says nothing about this try.
            marker = self.arrivals.new_id()
            self._leaves(sender, marker, mtu)
            try:
                await patiently(self._arrival(sender, marker, []), self.timeout / TRIES)
            except TimeoutError:
                continue
            break
        else:
            return reasons.black_hole(mtu, self.timeout)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._arrival(sender, over, []), OVERTAKEN)
        return reasons.over_got_through(mtu) if self.arrivals.arrival(over).done() else None

    def _leaves(self, sender: socket.socket, packet_id: bytes, size: int) -> bool:
        """Send a packet of this size; False if the sender's own interface refuses it."""
        wants = ASK if self.by_answers else NO_REPLY
        try:
            sender.send((packet_id + wants).ljust(size - IP_UDP_HEADERS, b"\0"))
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            return False
        return True

    async def _arrival(
        self, sender: socket.socket, packet_id: bytes, refusals: list[OSError]
    ) -> None:
        """Return when this packet has arrived; `refusals` gets the ICMP errors of hops."""
        if not self.by_answers:
            await asyncio.shield(self.arrivals.arrival(packet_id))
            return
        loop = asyncio.get_running_loop()
        while not self.arrivals.arrival(packet_id).done():
            try:
                self.arrivals.note(*read_answer(await loop.sock_recv(sender, BIGGEST)))
            except OSError as error:
                if error.errno != errno.EMSGSIZE:
                    raise
                refusals.append(error)

    async def metadata(
        self, attempts: Sequence[socket.socket], service: tuple[str, int], *, allowed: bool
    ) -> str | None:
        """The metadata service accepts a connection if `allowed`, and only then."""
        reason: str | None = reasons.no_answer(self.timeout)
        for sender in attempts:
            try:
                loop = asyncio.get_running_loop()
                await patiently(loop.sock_connect(sender, service), self.timeout / len(attempts))
            except TimeoutError:
                continue
            except OSError as error:
                reason = reasons.of_error(error)
            else:
                reason = None
            break
        if allowed:
            return reason
        return reasons.METADATA_REACHED if reason is None else None


async def _answer(sender: socket.socket, packet_id: bytes) -> Report:
    loop = asyncio.get_running_loop()
    while True:
        answered, report = read_answer(await loop.sock_recv(sender, BIGGEST))
        if answered == packet_id:
            return report


def _verdict(report: Report, expected: str, own: str) -> str | None:
    if report.receiver != expected:
        return reasons.answered_by(report.receiver)
    return None if report.source == own else reasons.seen_as(report.source, own)


def _pending_too_big(sender: socket.socket) -> bool:
    """Take the error that an ICMP message has left on the socket.

    Left there, it would be reported by the next send as if that one were too long.
    """
    code = sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code not in (0, errno.EMSGSIZE):
        raise OSError(code, os.strerror(code))
    return code == errno.EMSGSIZE
