"""One probe from its first socket to its verdict: one process, one event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path

from podnet.probe.asking import Asker, questions_at_once, why_broken
from podnet.probe.endpoint import Endpoint, labels
from podnet.probe.exchange import Exchange
from podnet.probe.matrix import INTERNET, Matrix, Result
from podnet.probe.questions import NetnsAddress, Question, questions
from podnet.probe.receiver import ArrivalLog, Receiver, ReceiverAddress
from podnet.system.netns import inside


def probe(
    endpoints: Sequence[Endpoint],
    internet_netns: Path | None = None,
    internet_host: IPv4Address | None = None,
    timeout: float = 1.0,
    node: str | None = None,
) -> Matrix:
    """Ask every ordered pair, the internet, the metadata service and localhost.

    Without a namespace for it the internet is not asked. With a node's name only this node and
    its pods ask. All checks run at once, and none takes longer than about twice the timeout.
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
    asked = list(questions(dict(zip(names, endpoints, strict=True)), internet, node))
    results = asyncio.run(_Run(timeout).results(asked))
    return Matrix(tuple(names), tuple(results), time.monotonic() - begun)


class _Run:
    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._arrivals = ArrivalLog()
        self._receivers: dict[NetnsAddress, ReceiverAddress] = {}
        self._broken: dict[NetnsAddress, str] = {}

    async def results(self, asked: Sequence[Question]) -> list[Result]:
        ends = dict.fromkeys(
            end for question in asked for end in (question.source, question.target) if end
        )
        at_once = questions_at_once(len(ends))
        exchange = Exchange(self._arrivals, self._timeout)
        with ExitStack() as files:
            for end in ends:
                self._open(end, files)
            asker = Asker(self._timeout, self._receivers, self._broken, lambda *_: exchange)
            return await asker.results(asked, at_once)

    def _open(self, end: NetnsAddress, files: ExitStack) -> None:
        try:
            receiver = inside(end.netns, Receiver.opener(end.label, end.address))
        except OSError as error:
            self._broken[end] = why_broken(end, error)
            return
        files.callback(receiver.close)
        receiver.start(self._arrivals)
        self._receivers[end] = receiver.place
