"""The receiving ends: each reports who it is and which source address it saw."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

TICKET = 8
ASK = b"?"
TELL = b"."
BIGGEST = 65535
# Larger than what the kernel takes; it cuts it to net.core.somaxconn. A full backlog drops
# the SYN, and its first repetition comes later than the timeout of a check.
BACKLOG = 65535
# Full packets of all senders at once: the kernel's default holds about ten of 9001 bytes.
RECEIVE_BUFFER = 16 << 20
# asm-generic/socket.h; the socket module does not name it.
SO_RCVBUFFORCE = 33


@dataclass(frozen=True, slots=True)
class Report:
    """What a receiver says of something that reached it."""

    receiver: str
    source: str


class Desk:
    """Where receivers note what arrived, so that a packet without an answer is known too."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, asyncio.Future[Report]] = {}

    def ticket(self) -> bytes:
        """A number that no other packet carries."""
        number = secrets.token_bytes(TICKET)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        return number

    def arrival(self, number: bytes) -> asyncio.Future[Report]:
        """Done as soon as the packet with this number has arrived anywhere."""
        return self._waiting[number]

    def note(self, number: bytes, report: Report) -> None:
        """Write down an arrival; a stranger's packet is nobody's."""
        waiting = self._waiting.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(report)


@dataclass(slots=True)
class Receiver:
    """A TCP and a UDP socket at one address."""

    label: str
    address: IPv4Address
    tcp: socket.socket
    udp: socket.socket
    _served: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    def opener(cls, label: str, address: IPv4Address, port: int = 0) -> Callable[[], Receiver]:
        """What opens the receiver, to be called inside its namespace; port 0 takes any."""

        def opened() -> Receiver:
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                udp.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
                # A port of one's choice may still be held by the connections of the last probe.
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                for each in (tcp, udp):
                    each.settimeout(0)
                    each.bind((str(address), port))
                tcp.listen(BACKLOG)
            except OSError:
                tcp.close()
                udp.close()
                raise
            return cls(label, address, tcp, udp)

        return opened

    def start(self, desk: Desk) -> None:
        """Serve in the running loop until closed."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self.tcp, self._accept, desk)
        loop.add_reader(self.udp, self._receive, desk)

    def close(self) -> None:
        """Stop serving; what was accepted is cut off."""
        loop = asyncio.get_running_loop()
        for task in self._served:
            task.cancel()
        for each in (self.tcp, self.udp):
            loop.remove_reader(each)
            each.close()

    def _accept(self, desk: Desk) -> None:
        while True:
            try:
                connection, (source, _) = self.tcp.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            connection.settimeout(0)
            task = asyncio.ensure_future(self._serve(connection, source, desk))
            self._served.add(task)
            task.add_done_callback(self._served.discard)

    async def _serve(self, connection: socket.socket, source: str, desk: Desk) -> None:
        loop = asyncio.get_running_loop()
        with connection:
            try:
                number = await loop.sock_recv(connection, TICKET)
                desk.note(number, Report(self.label, source))
                await loop.sock_sendall(connection, self._answer(number, source))
            except OSError:
                return  # the sender's end gives the reason

    def _receive(self, desk: Desk) -> None:
        while True:
            try:
                data, (source, port) = self.udp.recvfrom(BIGGEST)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error for an earlier answer; the sender will ask again
            number, wish = data[:TICKET], data[TICKET : TICKET + 1]
            desk.note(number, Report(self.label, source))
            if wish == ASK:
                try:
                    self.udp.sendto(self._answer(number, source), (source, port))
                except OSError:
                    continue  # no way back: the sender says that no answer came

    def _answer(self, number: bytes, source: str) -> bytes:
        said = {"number": number.hex(), "receiver": self.label, "source": source}
        return json.dumps(said).encode() + b"\n"


def read_answer(data: bytes) -> tuple[bytes, Report]:
    """Number and report of an answer; raises ValueError for anything else."""
    said = json.loads(data)
    return bytes.fromhex(said["number"]), Report(said["receiver"], said["source"])
