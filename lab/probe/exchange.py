"""The sending ends: one check each, None if it holds and otherwise the reason."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TypeVar

from lab.probe import reasons
from lab.probe.receiver import ASK, BIGGEST, TELL, Desk, Receiver, Report, read_answer

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

    desk: Desk
    timeout: float

    async def tcp(
        self, attempts: Sequence[socket.socket], receiver: Receiver, seen: IPv4Address | None = None
    ) -> str | None:
        """A connection, on which the receiver must report `seen` or the sender's own address.

        A lost SYN is repeated by the kernel only after a second; the second socket does it
        sooner.
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
            return _verdict(report, receiver.label, str(seen or own))
        return reasons.no_answer(self.timeout)

    async def _connected(self, sender: socket.socket, receiver: Receiver) -> tuple[str, Report]:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sender, receiver.tcp.getsockname())
        await loop.sock_sendall(sender, self.desk.ticket())
        answer = b""
        while not answer.endswith(b"\n") and (more := await loop.sock_recv(sender, BIGGEST)):
            answer += more
        return sender.getsockname()[0], read_answer(answer)[1]

    async def udp(self, sender: socket.socket, receiver: Receiver) -> str | None:
        """A question and its answer, asked again a few times within the timeout."""
        number = self.desk.ticket()
        try:
            sender.connect(receiver.udp.getsockname())
            own = sender.getsockname()[0]
            for _ in range(TRIES):
                sender.send(number + ASK)
                try:
                    report = await patiently(_answer(sender, number), self.timeout / TRIES)
                except TimeoutError:
                    continue
                return _verdict(report, receiver.label, own)
        except OSError as error:
            return reasons.of_error(error)
        arrival = self.desk.arrival(number)
        if not arrival.done():
            return reasons.no_answer(self.timeout)
        return _verdict(arrival.result(), receiver.label, own) or reasons.answer_lost(self.timeout)

    async def mtu(self, sender: socket.socket, receiver: Receiver, full: int) -> str | None:
        """A packet of `full` bytes arrives unfragmented, one of a byte more does not."""
        # PROBE sets DF and goes by the interface's MTU alone: a path MTU that the kernel
        # remembers from an earlier run must not answer for the path.
        sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
        try:
            sender.connect(receiver.udp.getsockname())
            if (reason := await self._full(sender, full)) is not None:
                return reason
            return await self._over(sender, full)
        except OSError as error:
            return reasons.of_error(error)

    async def _full(self, sender: socket.socket, full: int) -> str | None:
        told_too_big = False
        for _ in range(TRIES):
            told_too_big |= _pending_too_big(sender)
            number = self.desk.ticket()
            if not _leaves(sender, number, full):
                return reasons.too_big_here(full)
            try:
                await patiently(asyncio.shield(self.desk.arrival(number)), self.timeout / TRIES)
            except TimeoutError:
                continue
            return None
        if told_too_big or _pending_too_big(sender):
            return reasons.too_big_on_the_way(full)
        return reasons.black_hole(full, self.timeout)

    async def _over(self, sender: socket.socket, full: int) -> str | None:
        """Send the longer packet, and full ones behind it: when one arrives, it would have."""
        over = self.desk.ticket()
        for _ in range(TRIES):
            for _ in range(2):
                _pending_too_big(sender)
                if not _leaves(sender, over, full + 1):
                    return None
            _pending_too_big(sender)
            marker = self.desk.ticket()
            _leaves(sender, marker, full)
            try:
                await patiently(asyncio.shield(self.desk.arrival(marker)), self.timeout / TRIES)
            except TimeoutError:
                continue
            break
        else:
            return reasons.black_hole(full, self.timeout)
        await asyncio.sleep(OVERTAKEN)
        return reasons.over_got_through(full) if self.desk.arrival(over).done() else None

    async def metadata(
        self, attempts: Sequence[socket.socket], service: tuple[str, int], *, allowed: bool
    ) -> str | None:
        """Whether the metadata service takes a connection just where it is allowed."""
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


async def _answer(sender: socket.socket, number: bytes) -> Report:
    loop = asyncio.get_running_loop()
    while True:
        answered, report = read_answer(await loop.sock_recv(sender, BIGGEST))
        if answered == number:
            return report


def _verdict(report: Report, expected: str, own: str) -> str | None:
    if report.receiver != expected:
        return reasons.answered_by(report.receiver)
    return None if report.source == own else reasons.seen_as(report.source, own)


def _leaves(sender: socket.socket, number: bytes, size: int) -> bool:
    """Send a packet of this size; False if the sender's own interface refuses it."""
    try:
        sender.send((number + TELL).ljust(size - IP_UDP_HEADERS, b"\0"))
    except OSError as error:
        if error.errno != errno.EMSGSIZE:
            raise
        return False
    return True


def _pending_too_big(sender: socket.socket) -> bool:
    """Take the error that an ICMP message has left on the socket.

    Left there, it would be reported by the next send as if that one were too long.
    """
    code = sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code not in (0, errno.EMSGSIZE):
        raise OSError(code, os.strerror(code))
    return code == errno.EMSGSIZE
