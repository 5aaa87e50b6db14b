"""One probe from its first socket to its verdict: one process, one event loop."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from podnet.errors import UserError
from podnet.probe import reasons
from podnet.probe.endpoint import Endpoint, labels
from podnet.probe.exchange import Exchange
from podnet.probe.matrix import INTERNET, Check, Matrix, Result
from podnet.probe.questions import NetnsAddress, Question, questions
from podnet.probe.receiver import ArrivalLog, Receiver
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


def probe(
    endpoints: Sequence[Endpoint],
    internet_netns: Path | None = None,
    internet_host: IPv4Address | None = None,
    timeout: float = 1.0,
) -> Matrix:
    """Ask every ordered pair, the internet, the metadata service and localhost.

    Without a namespace for it the internet is not asked. All checks run at once, and none
    takes longer than about twice the timeout.
    """
    if not endpoints:
        raise ValueError("there is nothing to probe: no node and no pod")
    internet = None
    if internet_netns is not None and internet_host is not None:
        internet = NetnsAddress(INTERNET, internet_netns, internet_host)
    elif internet_netns != internet_host:
        raise ValueError("give both the namespace and the host of the internet, or neither")
    begun = time.monotonic()
    names = labels(endpoints)
    asked = list(questions(dict(zip(names, endpoints, strict=True)), internet))
    results = asyncio.run(_Run(timeout).results(asked))
    return Matrix(tuple(names), tuple(results), time.monotonic() - begun)


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


class _Run:
    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._arrivals = ArrivalLog()
        self._exchange = Exchange(self._arrivals, timeout)
        self._receivers: dict[NetnsAddress, Receiver] = {}
        self._broken: dict[NetnsAddress, str] = {}

    async def results(self, asked: Sequence[Question]) -> list[Result]:
        ends = dict.fromkeys(
            end for question in asked for end in (question.source, question.target) if end
        )
        at_once = _questions_at_once(len(ends))
        found: list[Result] = []
        with ExitStack() as files:
            for end in ends:
                self._open(end, files)
            for first in range(0, len(asked), at_once):
                found += await self._ask_all(asked[first : first + at_once])
        return found

    def _open(self, end: NetnsAddress, files: ExitStack) -> None:
        try:
            receiver = inside(end.netns, Receiver.opener(end.label, end.address))
        except OSError as error:
            self._broken[end] = _why_broken(end, error)
            return
        files.callback(receiver.close)
        receiver.start(self._arrivals)
        self._receivers[end] = receiver

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
                self._broken[source] = _why_broken(source, error)
        return found

    async def _ask(self, question: Question, sockets: Sockets | None) -> list[Result]:
        ends = [end for end in (question.source, question.target) if end in self._broken]
        if ends or sockets is None:
            answers: dict[Check, str | None] = dict.fromkeys(question.checks, self._broken[ends[0]])
        elif question.target is None:
            answers = {
                Check.METADATA: await self._exchange.metadata(
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
        self, question: Question, sockets: Sockets, receiver: Receiver
    ) -> dict[Check, str | None]:
        exchange = self._exchange
        if question.checks == (Check.INTERNET,):
            return {
                Check.INTERNET: await exchange.tcp(sockets.tcp, receiver, question.expected_source)
            }
        udp = asyncio.ensure_future(exchange.udp(sockets.udp, receiver))
        await asyncio.wait({udp}, timeout=self._timeout * HEAD_START)
        tcp = asyncio.ensure_future(exchange.tcp(sockets.tcp, receiver))
        await udp
        if question.checks == (Check.LOCALHOST,):
            return {Check.LOCALHOST: reasons.both(tcp=await tcp, udp=udp.result())}
        mtu = await exchange.mtu(sockets.mtu, receiver, question.mtu)
        return {Check.TCP: await tcp, Check.UDP: udp.result(), Check.MTU: mtu}


def _why_broken(end: NetnsAddress, error: OSError) -> str:
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


def _questions_at_once(receivers: int) -> int:
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
