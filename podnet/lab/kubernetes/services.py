"""Checks the Services and the DNS names of a cluster with packets from its pods and nodes."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from ipaddress import IPv4Address
from typing import TypeVar

from podnet.lab.kubernetes.targets import Targets
from podnet.lab.kubernetes.workload import PORT, TARGET_PORT
from podnet.probe import Check, Endpoint, Result, reasons
from podnet.probe.dns import addresses, question
from podnet.probe.exchange import patiently
from podnet.probe.receiver import ASK, BIGGEST, ArrivalLog, Receiver, Report, read_answer
from podnet.system.netns import file_limit, inside

T = TypeVar("T")

SERVICE, OWN_NODE, NAMES = "service", "service on node", "names"
"""The columns of these checks in a matrix."""
DNS_PORT = 53
TIMEOUT = 1.0
TRIES = 5
MOST = 60
"""Times that a Service is asked until each pod behind it has answered: with six of them, and each
asked for with the same chance, one in ten thousand runs would still miss one."""


def ask(sources: Mapping[str, Endpoint], targets: Targets) -> tuple[list[Result], float]:
    """The results of every source, and the seconds that the checks took."""
    begun = time.monotonic()
    file_limit()
    return asyncio.run(_Run(targets).results(sources)), time.monotonic() - begun


class _Run:
    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._arrivals = ArrivalLog()

    async def results(self, sources: Mapping[str, Endpoint]) -> list[Result]:
        behind = {**self._targets.behind_anywhere, **self._targets.behind_own_node}
        with ExitStack() as files:
            for label, each in behind.items():
                # One that is gone is missed by those who ask.
                try:
                    receiver = inside(each.netns, Receiver.opener(label, each.address, TARGET_PORT))
                except OSError:
                    continue
                files.callback(receiver.close)
                receiver.start(self._arrivals)
            found = await asyncio.gather(*(self._of(*each) for each in sources.items()))
        return [result for results in found for result in results]

    async def _of(self, label: str, source: Endpoint) -> list[Result]:
        targets = self._targets
        near = [name for name, each in targets.behind_own_node.items() if each.node == source.node]
        checks = {
            SERVICE: self._service(label, source, targets.anywhere, list(targets.behind_anywhere)),
            OWN_NODE: self._service(label, source, targets.own_node, near),
            NAMES: self._names(source),
        }
        found = await asyncio.gather(*map(_reason, checks.values()))
        return [
            Result(label, name, Check.NAME if name is NAMES else Check.SERVICE, reason)
            for name, reason in zip(checks, found, strict=True)
        ]

    async def _service(
        self, label: str, source: Endpoint, address: IPv4Address, expected: Sequence[str]
    ) -> str | None:
        """Ask until all of the pods behind the Service have answered, by both protocols."""
        for ask_once, kind in (
            (self._by_tcp, socket.SOCK_STREAM),
            (self._by_udp, socket.SOCK_DGRAM),
        ):
            missing = set(expected)
            for _ in range(MOST):
                report, own = await ask_once(_socket(source, kind), address)
                if report.receiver not in expected:
                    return reasons.answered_by(report.receiver)
                # A pod that reaches itself, and a node, are masqueraded, so that the answer comes
                # back through the same translation; every other source address stays as it is.
                if source.kind == "pod" and label != report.receiver and report.source != own:
                    return reasons.seen_as(report.source, own)
                missing.discard(report.receiver)
                if not missing:
                    break
            if missing:
                return f"never answered by {', '.join(sorted(missing))}"
        return None

    async def _by_tcp(self, sender: socket.socket, address: IPv4Address) -> tuple[Report, str]:
        loop = asyncio.get_running_loop()
        with sender:
            await patiently(loop.sock_connect(sender, (str(address), PORT)), TIMEOUT)
            await loop.sock_sendall(sender, self._arrivals.new_id())
            answer = b""
            while not answer.endswith(b"\n"):
                more = await patiently(loop.sock_recv(sender, BIGGEST), TIMEOUT)
                if not more:
                    raise ConnectionResetError(reasons.CLOSED)
                answer += more
            return read_answer(answer)[1], sender.getsockname()[0]

    async def _by_udp(self, sender: socket.socket, address: IPv4Address) -> tuple[Report, str]:
        with sender:
            sender.connect((str(address), PORT))
            number = self._arrivals.new_id()

            def read(packet: bytes) -> Report | None:
                answered, report = read_answer(packet)
                return report if answered == number else None

            return await _repeated(sender, number + ASK, read), sender.getsockname()[0]

    async def _names(self, source: Endpoint) -> str | None:
        for name, expected in self._targets.names.items():
            with _socket(source, socket.SOCK_DGRAM) as sender:
                sender.connect((str(self._targets.dns), DNS_PORT))
                number = secrets.randbelow(1 << 16)
                found = await _repeated(sender, question(number, name), partial(addresses, number))
            wanted = [expected] if expected else []
            if found != wanted:
                resolved = ", ".join(map(str, found)) or "nothing"
                return f"{name} resolves to {resolved}, not to {expected or 'nothing'}"
        return None


def _socket(source: Endpoint, kind: socket.SocketKind) -> socket.socket:
    opened = inside(source.netns, lambda: socket.socket(socket.AF_INET, kind))
    opened.settimeout(0)
    return opened


async def _repeated(sender: socket.socket, packet: bytes, read: Callable[[bytes], T | None]) -> T:
    """Send a packet, some times if need be, until an answer is one to it."""
    loop = asyncio.get_running_loop()

    async def answered() -> T:
        while True:
            if (found := read(await loop.sock_recv(sender, BIGGEST))) is not None:
                return found

    for _ in range(TRIES):
        sender.send(packet)
        try:
            return await patiently(answered(), TIMEOUT)
        except TimeoutError:
            continue
    raise TimeoutError


async def _reason(check: Awaitable[str | None]) -> str | None:
    """The reason that a check returns or raises."""
    try:
        return await check
    except TimeoutError:
        return reasons.no_answer(TIMEOUT)
    except OSError as error:
        return reasons.of_error(error)
    except ValueError as error:
        return str(error)
