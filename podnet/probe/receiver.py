"""The receiving ends: each answers with its own name and the source address it saw."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

ID_BYTES = 8
ASK = b"?"
NO_REPLY = b"."
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
    """The receiver of a packet, and the source address that it saw."""

    receiver: str
    source: str


@dataclass(frozen=True, slots=True)
class ReceiverAddress:
    """Where a receiver listens, in this process or in another, and the name that it answers by."""

    label: str
    tcp: tuple[str, int]
    udp: tuple[str, int]


class ArrivalLog:
    """The packets that receivers have seen, whether or not their answers came back."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, asyncio.Future[Report]] = {}

    @property
    def ids(self) -> tuple[bytes, ...]:
        """The identifiers that were given out here."""
        return tuple(self._waiting)

    def new_id(self) -> bytes:
        """An identifier that no other packet carries."""
        packet_id = secrets.token_bytes(ID_BYTES)
        self._waiting[packet_id] = asyncio.get_running_loop().create_future()
        return packet_id

    def arrival(self, packet_id: bytes) -> asyncio.Future[Report]:
        """Done as soon as the packet with this identifier has arrived anywhere."""
        return self._waiting[packet_id]

    def note(self, packet_id: bytes, report: Report) -> None:
        """Record an arrival; a packet that is not of this probe is ignored."""
        waiting = self._waiting.get(packet_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(report)


class ForeignArrivals(ArrivalLog):
    """Remembers the packets that senders in other processes have sent, the last ones of many."""

    MOST = 1_000_000
    """About 100 MB: what 250 nodes of three endpoints each send to one endpoint is 10,000."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[bytes, None] = {}

    def note(self, packet_id: bytes, report: Report) -> None:
        """Record an arrival, whoever sent it."""
        super().note(packet_id, report)
        if len(packet_id) == ID_BYTES:
            self._seen[packet_id] = None
            if len(self._seen) > self.MOST:
                del self._seen[next(iter(self._seen))]

    def seen(self, packet_ids: Iterable[bytes]) -> list[bytes]:
        """Those of these packets that have arrived."""
        return [each for each in packet_ids if each in self._seen]


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
        """A function that opens the receiver in the namespace of its caller; port 0 takes any."""

        def opened() -> Receiver:
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                _enlarge(udp)
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

    @property
    def place(self) -> ReceiverAddress:
        """Where senders find it."""
        return ReceiverAddress(self.label, self.tcp.getsockname(), self.udp.getsockname())

    def start(self, arrivals: ArrivalLog) -> None:
        """Serve in the running loop until closed."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self.tcp, self._accept, arrivals)
        loop.add_reader(self.udp, self._receive, arrivals)

    def close(self) -> None:
        """Stop serving, and close accepted connections."""
        loop = asyncio.get_running_loop()
        for task in self._served:
            task.cancel()
        for each in (self.tcp, self.udp):
            loop.remove_reader(each)
            each.close()

    def _accept(self, arrivals: ArrivalLog) -> None:
        while True:
            try:
                connection, (source, _) = self.tcp.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            connection.settimeout(0)
            task = asyncio.ensure_future(self._serve(connection, source, arrivals))
            self._served.add(task)
            task.add_done_callback(self._served.discard)

    async def _serve(self, connection: socket.socket, source: str, arrivals: ArrivalLog) -> None:
        loop = asyncio.get_running_loop()
        with connection:
            try:
                packet_id = await loop.sock_recv(connection, ID_BYTES)
                arrivals.note(packet_id, Report(self.label, source))
                await loop.sock_sendall(connection, self._answer(packet_id, source))
            except OSError:
                return  # the sender's end gives the reason

    def _receive(self, arrivals: ArrivalLog) -> None:
        while True:
            try:
                data, (source, port) = self.udp.recvfrom(BIGGEST)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error for an earlier answer; the sender will ask again
            packet_id, wants = data[:ID_BYTES], data[ID_BYTES : ID_BYTES + 1]
            arrivals.note(packet_id, Report(self.label, source))
            if wants == ASK:
                try:
                    self.udp.sendto(self._answer(packet_id, source), (source, port))
                except OSError:
                    continue  # no path back: the sender reports that no answer came

    def _answer(self, packet_id: bytes, source: str) -> bytes:
        answer = {"id": packet_id.hex(), "receiver": self.label, "source": source}
        return json.dumps(answer).encode() + b"\n"


def _enlarge(udp: socket.socket) -> None:
    try:
        udp.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        # A pod without CAP_NET_ADMIN gets what net.core.rmem_max allows; it hears one endpoint's
        # share of the packets, and senders repeat what a full buffer drops.
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def read_answer(data: bytes) -> tuple[bytes, Report]:
    """Identifier and report of an answer; raises `ValueError` for anything else."""
    answer = json.loads(data)
    return bytes.fromhex(answer["id"]), Report(answer["receiver"], answer["source"])
