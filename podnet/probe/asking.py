"""The sending side of a probe: sockets in the namespaces of sources, and the checks over them."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from podnet.errors import UserError
from podnet.probe import reasons
from podnet.probe.exchange import Exchange
from podnet.probe.matrix import Check, Result
from podnet.probe.questions import NetnsAddress, Question
from podnet.probe.receiver import ReceiverAddress
from podnet.system.netns import file_limit, inside

METADATA_SERVICE = ("169.254.169.254", 80)
# Two sockets for TCP and their accepted ends, one each for UDP and the MTU.
FILES_A_QUESTION = 6
FILES_A_RECEIVER = 2
FILES_IN_RESERVE = 100
# More at once save no time on a small machine, they only wait for each other.
MOST_QUESTIONS = 500
# UDP, which is repeated, goes this part of the timeout ahead of TCP, whose SYN is not: a
# packet that the address resolution loses is then not one of TCP's.
HEAD_START = 1 / 3
# linux/in.h; the socket module does not name it.
IP_RECVERR = 11

ExchangeOf = Callable[[Question, Check], Exchange]
"""The exchange that carries out one check of a question."""


@dataclass(frozen=True, slots=True)
class Sockets:
    """The sockets of one question, opened in the namespace of its source."""

    tcp: tuple[socket.socket, ...]
    udp: socket.socket
    mtu: socket.socket

    @classmethod
    def open(cls) -> Sockets:
        """Open them in the namespace of the calling thread."""
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        opened: list[socket.socket] = []
        try:
            for kind in (stream, stream, datagram, datagram):
                each = socket.socket(socket.AF_INET, kind)
                opened.append(each)
                each.settimeout(0)
                # Otherwise the kernel does not report a "no route" of a router on the path (ip(7)).
                each.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        except OSError:
            for each in opened:
                each.close()
            raise
        return cls((opened[0], opened[1]), opened[2], opened[3])

    def close(self) -> None:
        """Close all."""
        for each in (*self.tcp, self.udp, self.mtu):
            each.close()


class Asker:
    """Asks questions, many at once."""

    def __init__(
        self,
        timeout: float,
        receivers: Mapping[NetnsAddress, ReceiverAddress],
        broken: Mapping[NetnsAddress, str],
        exchange_of: ExchangeOf,
    ) -> None:
        self._timeout = timeout
        self._receivers = receivers
        self._broken = dict(broken)
        self._exchange_of = exchange_of

    async def results(self, asked: Sequence[Question], at_once: int) -> list[Result]:
        """The results, in the order of the questions and of the checks of each."""
        found: list[Result] = []
        for first in range(0, len(asked), at_once):
            found += await self._ask_all(asked[first : first + at_once])
        return found

    async def _ask_all(self, batch: Sequence[Question]) -> list[Result]:
        with ExitStack() as files:
            sockets = self._sockets(batch, files)
            answers = await asyncio.gather(
                *(self._ask(question, sockets.get(question)) for question in batch)
            )
        return [result for answer in answers for result in answer]

    def _sockets(self, batch: Sequence[Question], files: ExitStack) -> dict[Question, Sockets]:
        by_source: dict[NetnsAddress, list[Question]] = {}
        for question in batch:
            by_source.setdefault(question.source, []).append(question)
        found: dict[Question, Sockets] = {}

        def make(asked: Sequence[Question]) -> None:
            for question in asked:
                found[question] = Sockets.open()
                files.callback(found[question].close)

        for source, asked in by_source.items():
            if source in self._broken:
                continue
            try:
                inside(source.netns, partial(make, asked))
            except OSError as error:
                self._broken[source] = why_broken(source, error)
        return found

    async def _ask(self, question: Question, sockets: Sockets | None) -> list[Result]:
        ends = [end for end in (question.source, question.target) if end in self._broken]
        if ends or sockets is None:
            answers: dict[Check, str | None] = dict.fromkeys(question.checks, self._broken[ends[0]])
        elif question.target is None:
            answers = {
                Check.METADATA: await self._exchange_of(question, Check.METADATA).metadata(
                    sockets.tcp, METADATA_SERVICE, allowed=question.allowed
                )
            }
        else:
            answers = await self._ask_receiver(question, sockets, self._receivers[question.target])
        return [
            Result(question.source.label, question.to, check, reason)
            for check, reason in answers.items()
        ]

    async def _ask_receiver(
        self, question: Question, sockets: Sockets, receiver: ReceiverAddress
    ) -> dict[Check, str | None]:
        exchange = partial(self._exchange_of, question)
        if question.checks == (Check.INTERNET,):
            return {
                Check.INTERNET: await exchange(Check.INTERNET).tcp(
                    sockets.tcp, receiver, question.expected_source
                )
            }
        udp = asyncio.ensure_future(exchange(Check.UDP).udp(sockets.udp, receiver))
        await asyncio.wait({udp}, timeout=self._timeout * HEAD_START)
        tcp = asyncio.ensure_future(exchange(Check.TCP).tcp(sockets.tcp, receiver))
        await udp
        if question.checks == (Check.LOCALHOST,):
            return {Check.LOCALHOST: reasons.both(tcp=await tcp, udp=udp.result())}
        mtu = await exchange(Check.MTU).mtu(sockets.mtu, receiver, question.mtu)
        return {Check.TCP: await tcp, Check.UDP: udp.result(), Check.MTU: mtu}


def why_broken(end: NetnsAddress, error: OSError) -> str:
    """The reason for which an end can neither send nor listen.

    Raises `UserError` where this process has no more open files.
    """
    if error.errno in (errno.EMFILE, errno.ENFILE):
        raise UserError(
            f"the probe ran out of open files ({error.strerror}); raise the limit with `ulimit -n`",
            rule="open-files-exhausted",
        ) from error
    if error.errno == errno.EADDRNOTAVAIL:
        return reasons.address_missing(end.label, end.address)
    # A namespace that is not there, one whose process has ended, a file left where one was.
    if error.errno in (errno.ENOENT, errno.ESRCH, errno.EINVAL):
        return reasons.gone(end.label)
    return f"{end.label}: {reasons.of_error(error)}"


def questions_at_once(receivers: int) -> int:
    """The number of questions that the limit of open files allows beside so many receivers.

    Raises `UserError` where it allows none.
    """
    limit = file_limit()
    open_now = len(list(Path("/proc/self/fd").iterdir()))
    taken = open_now + FILES_IN_RESERVE + receivers * FILES_A_RECEIVER
    parallel = (limit - taken) // FILES_A_QUESTION
    if parallel < 1:
        raise UserError(
            f"this probe needs {taken + FILES_A_QUESTION} open files and the limit is "
            f"{limit}; raise it with `ulimit -n`",
            rule="open-files-limit",
        )
    return min(parallel, MOST_QUESTIONS)
