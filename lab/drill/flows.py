"""The sockets of a drill: two kinds of traffic between two ends, and what becomes of it."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lab.probe import reasons
from lab.probe.netns import inside

BUFFER = 8 << 20
BACKLOG = 128
BIGGEST = 65535
# asm-generic/socket.h; the socket module does not name them.
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
DATAGRAM = struct.Struct("!II")
"""Number of the flow, and of the datagram in it."""
WORD = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class End:
    """An address in a namespace."""

    label: str
    netns: str
    address: str


class Place:
    """The sockets of one end."""

    def __init__(self, end: End) -> None:
        self.end = end
        self.sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        for each in (self.sending, self.receiving, self.listening):
            each.settimeout(0)
            each.bind((end.address, 0))
        self.sending.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, BUFFER)
        self.receiving.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        self.listening.listen(BACKLOG)

    def close(self) -> None:
        for each in (self.sending, self.receiving, self.listening):
            each.close()


class Flow:
    """Datagrams from one end to another, and which of them arrived."""

    def __init__(self, number: int, source: Place, target: Place) -> None:
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
        """How many in a row were lost at most."""
        return max(map(len, self.arrived[self._first :].split(b"\1")))

    @property
    def counted(self) -> int:
        """How many were sent since the count began."""
        return self.sent - self._first


class Line:
    """A connection on which the end that opened it says words and hears each come back."""

    def __init__(self, source: Place, target: Place) -> None:
        self.source, self.target = source, target
        self.socket = inside(Path(source.end.netns), self._open)
        self.said = self.heard = 0
        self.broken: str | None = None

    def _open(self) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.settimeout(0)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.bind((self.source.end.address, 0))
        made.connect_ex(self.target.listening.getsockname())
        return made

    @property
    def waits(self) -> bool:
        """Whether a word is still on its way."""
        return self.broken is None and self.heard < self.said

    def say(self) -> None:
        if self.broken is None:
            try:
                self.said += self.socket.send(WORD.pack(0))
            except BlockingIOError:
                pass  # not open yet, or full: then it waits for words it has said before
            except OSError as error:
                self.broken = reasons.of_error(error)

    def hear(self) -> bool:
        """Take what came; whether more may come."""
        try:
            data = self.socket.recv(BIGGEST)
        except BlockingIOError:
            return True
        except OSError as error:
            self.broken = self.broken or reasons.of_error(error)
            return False
        self.heard += len(data)
        if not data:
            self.broken = self.broken or "closed by the other end"
        return bool(data)
