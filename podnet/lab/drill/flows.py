"""The sockets of a drill, and the two kinds of traffic between a pair of endpoints."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from podnet.probe import reasons
from podnet.system.netns import inside

BUFFER = 8 << 20
BACKLOG = 128
BIGGEST = 65535
# asm-generic/socket.h; the socket module does not name them.
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
DATAGRAM = struct.Struct("!II")
"""Number of the flow, and of the datagram in it."""
MESSAGE = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address in a namespace."""

    label: str
    netns: str
    address: str


class Sockets:
    """The sockets of one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        for each in (self.sending, self.receiving, self.listening):
            each.settimeout(0)
            each.bind((endpoint.address, 0))
        self.sending.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, BUFFER)
        self.receiving.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        self.listening.listen(BACKLOG)

    def close(self) -> None:
        for each in (self.sending, self.receiving, self.listening):
            each.close()


class Flow:
    """Datagrams from one endpoint to another, and a record of those that arrived.

    Where the target answers, what counts is that the answer arrived.
    """

    def __init__(self, number: int, source: Sockets, target: Sockets) -> None:
        self.source, self.target = source, target
        self.number = number
        self.sent = self._first = 0
        self.arrived = bytearray()
        """A byte for each that was sent: whether it arrived."""
        self._address = target.receiving.getsockname()

    def begin(self) -> None:
        """Count from here."""
        self._first = self.sent

    def send(self) -> None:
        self.arrived.append(0)
        # It counts as sent: whatever keeps it from leaving, it is lost.
        with suppress(OSError):
            self.source.sending.sendto(DATAGRAM.pack(self.number, self.sent), self._address)
        self.sent += 1

    def note(self, number: int) -> None:
        if number < self.sent:
            self.arrived[number] = 1

    @property
    def lost(self) -> int:
        return self.arrived.count(0, self._first)

    def lost_numbers(self, most: int) -> list[int]:
        """The first few that were lost, counted from where the count began."""
        counted = enumerate(self.arrived[self._first :])
        return list(islice((number for number, came in counted if not came), most))

    @property
    def longest_loss(self) -> int:
        """The largest number lost in a row."""
        return max(map(len, self.arrived[self._first :].split(b"\1")))

    @property
    def counted(self) -> int:
        """The number sent since the count began."""
        return self.sent - self._first


class Connection:
    """A TCP connection whose opener sends messages, each of which is echoed."""

    def __init__(self, source: Sockets, target: Sockets) -> None:
        self.source, self.target = source, target
        self.socket = inside(Path(source.endpoint.netns), self._open)
        self.sent = self.received = 0
        self.broken: str | None = None

    def _open(self) -> socket.socket:
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.settimeout(0)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.bind((self.source.endpoint.address, 0))
        client.connect_ex(self.target.listening.getsockname())
        return client

    @property
    def waits(self) -> bool:
        """True while an echo is missing."""
        return self.broken is None and self.received < self.sent

    def send(self) -> None:
        if self.broken is None:
            try:
                self.sent += self.socket.send(MESSAGE.pack(0))
            except BlockingIOError:
                pass  # not open yet, or full: then earlier messages still wait for their echo
            except OSError as error:
                self.broken = reasons.of_error(error)

    def receive(self) -> bool:
        """Count the bytes that came; False once no more can come."""
        try:
            data = self.socket.recv(BIGGEST)
        except BlockingIOError:
            return True
        except OSError as error:
            self.broken = self.broken or reasons.of_error(error)
            return False
        self.received += len(data)
        if not data:
            self.broken = self.broken or "closed by the other end"
        return bool(data)
