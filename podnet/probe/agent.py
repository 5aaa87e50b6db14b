"""An agent of a probe: it listens and sends for one or more endpoints, and takes requests.

It runs where the endpoints are, in a pod or on a node, from a zip file of its own modules; it needs
Python's standard library alone. Requests come through a socket that only the same user may use.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from podnet.probe import reasons, wire
from podnet.probe.asking import Asker, questions_at_once, why_broken
from podnet.probe.endpoint import label_of
from podnet.probe.exchange import Exchange
from podnet.probe.matrix import Check, Result
from podnet.probe.questions import LOOPBACK, NetnsAddress, Question
from podnet.probe.receiver import ArrivalLog, ForeignArrivals, Receiver
from podnet.system.interfaces import mtu_of
from podnet.system.netns import OWN, inside

LINE = 64 << 20
"""The longest request, in bytes: the endpoints of 2,000 nodes are a few MB before compression."""
CREDENTIALS = struct.Struct("3i")
UNREADY = 75
"""The exit code of a request that found no agent (EX_TEMPFAIL of sysexits.h)."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which packets a check has sent, to be looked up where they should have arrived."""

    logs: dict[tuple[Question, Check], ArrivalLog]

    def exchange(self, timeout: float, question: Question, check: Check) -> Exchange:
        log = self.logs[question, check] = ArrivalLog()
        return Exchange(log, timeout, by_answers=True)

    def sent(self, question: Question, check: Check) -> list[str]:
        log = self.logs.get((question, check))
        return [each.hex() for each in log.ids] if log else []


class Agent:
    """Listens at its ends, and answers the requests of whoever runs the probe."""

    def __init__(self, ends: Sequence[NetnsAddress]) -> None:
        self._ends = ends
        self._arrivals = ForeignArrivals()
        self._listening: dict[str, wire.Listening] = {}

    async def serve(self, name: str) -> None:
        """Listen, and take requests at the abstract socket of this name, until cancelled."""
        for end in self._ends:
            self._listening[end.label] = self._open(end)
        server = await asyncio.start_unix_server(self._request, f"\0{name}", limit=LINE)
        async with server:
            await server.serve_forever()

    def _open(self, end: NetnsAddress) -> wire.Listening:
        found = partial(wire.Listening, label=end.label, address=end.address)
        try:
            receiver = inside(end.netns, Receiver.opener(end.label, end.address))
            mtu = inside(end.netns, lambda: mtu_of(end.address))
        except OSError as error:
            return found(broken=why_broken(end, error))
        receiver.start(self._arrivals)
        place = receiver.place
        return found(tcp=place.tcp[1], udp=place.udp[1], mtu=mtu)

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer: socket.socket = writer.get_extra_info("socket")
        credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        # An abstract socket has no permissions, and who asks decides where packets are sent to.
        if CREDENTIALS.unpack(credentials)[1] == os.getuid():
            answer = await self._answer(wire.unpack((await reader.readline()).decode()))
            writer.write(wire.pack(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _answer(self, message: dict[str, Any]) -> object:
        match message["do"]:
            case wire.DESCRIBE:
                return [each.to_json() for each in self._listening.values()]
            case wire.ARRIVED:
                ids = map(bytes.fromhex, message["ids"])
                return [each.hex() for each in self._arrivals.seen(ids)]
            case wire.ASK:
                return await self._ask(wire.Plan.from_json(message["plan"]))
            case other:
                return {"error": f"the agent knows no request {other!r}"}

    async def _ask(self, plan: wire.Plan) -> dict[str, object]:
        questions = plan.questions_of(frozenset(self._listening))
        asked = _Asked({})
        asker = Asker(
            plan.timeout,
            plan.receivers(questions),
            plan.broken(questions),
            partial(asked.exchange, plan.timeout),
        )
        results = await asker.results(questions, questions_at_once(len(self._ends)))
        return compact(plan, questions, results, asked)


def compact(
    plan: wire.Plan, questions: Sequence[Question], results: Sequence[Result], asked: _Asked
) -> dict[str, object]:
    """The results in the order of the questions, each reason once.

    Beside a check that had no answer stand the packets that it sent.
    """
    texts: dict[str | None, int] = {None: 0}
    silent = {reasons.no_answer(plan.timeout)}
    sent: dict[int, list[str]] = {}
    checks = [(question, check) for question in questions for check in question.checks]
    for place, ((question, check), result) in enumerate(zip(checks, results, strict=True)):
        texts.setdefault(result.reason, len(texts))
        black_hole = reasons.black_hole(question.mtu, plan.timeout)
        if result.reason in silent | {black_hole} and question.target:
            sent[place] = asked.sent(question, check)
    return {
        "reasons": list(texts),
        "results": [texts[each.reason] for each in results],
        "sent": sent,
    }


def request(name: str, line: str) -> str:
    """Hand a request to the agent at the socket of this name, and return its answer."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"\0{name}")
        client.sendall(line.strip().encode() + b"\n")
        with client.makefile() as answer:
            return answer.readline()


def pod_ends(kind: str, node: str, address: str, container: str) -> list[NetnsAddress]:
    """What one container of a pod listens at: localhost, and the first one the pod's address.

    A pod in its node's network stands for the node, whose localhost is not asked.
    """
    label = label_of(kind, node)
    first = [NetnsAddress(label, OWN, IPv4Address(address))] if container != "b" else []
    inner = [NetnsAddress(f"{label}/{container}", OWN, LOOPBACK)] if kind != "node" else []
    return first + inner


def main() -> int:
    """Run as a program, and return its exit code."""
    parser = argparse.ArgumentParser(prog="podnet-probe")
    commands = parser.add_subparsers(dest="command", required=True)
    pod = commands.add_parser("pod")
    for name in ("socket", "kind", "node", "address", "container"):
        pod.add_argument(name)
    agent = commands.add_parser("agent")
    agent.add_argument("socket")
    agent.add_argument("ends", nargs="+", metavar="LABEL=ADDRESS=NETNS")
    commands.add_parser("node").add_argument("action")
    commands.add_parser("request").add_argument("socket")
    commands.add_parser("ready").add_argument("socket")
    given = parser.parse_args()
    match given.command:
        case "pod":
            ends = pod_ends(given.kind, given.node, given.address, given.container)
            asyncio.run(Agent(ends).serve(given.socket))
        case "agent":
            asyncio.run(Agent([_end(each) for each in given.ends]).serve(given.socket))
        case "node":
            from podnet.probe.on_node import run  # noqa: PLC0415  # which imports this module

            return run(given.action)
        case _:
            asks = given.command == "ready"
            line = wire.pack({"do": wire.DESCRIBE}) if asks else sys.stdin.readline()
            try:
                sys.stdout.write(request(given.socket, line))
            except ConnectionRefusedError:
                return UNREADY
    return 0


def _end(text: str) -> NetnsAddress:
    label, address, netns = text.split("=", 2)
    return NetnsAddress(label, Path(netns), IPv4Address(address))
