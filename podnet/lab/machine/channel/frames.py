"""The frames between a command on this machine and its process in the virtual one.

A port carries one session at a time. A session begins with a mark that no other session has, in
both directions: what one that was killed has left in a port is so passed over. A frame is a kind
(one byte), the length of its body (four bytes, big endian) and the body.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

HEAD = struct.Struct(">BI")
MARK = b"\0podnet\0"
SESSION_BYTES = 16
MOST = 1 << 20
"""The longest body that is sent."""


class Kind(IntEnum):
    """What a frame says."""

    REQUEST = 1
    """From this machine: the command, as JSON."""
    INPUT = 2
    """Standard input; its end where the body is empty."""
    SIGNAL = 3
    """The number of a signal for the command, as JSON."""
    SIZE = 4
    """Lines and columns of the terminal, as JSON."""
    OUTPUT = 5
    ERRORS = 6
    FILE = 7
    """A file that the command wrote begins: its name and permissions, as JSON."""
    CONTENT = 8
    """The next part of that file."""
    EXIT = 9
    """The exit code, as JSON; nothing comes after it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame."""

    kind: Kind
    body: bytes = b""

    def encode(self) -> bytes:
        """The bytes of it."""
        return HEAD.pack(self.kind, len(self.body)) + self.body

    def value(self) -> Any:  # noqa: ANN401  # JSON
        """The body, read as JSON."""
        return json.loads(self.body)


def of(kind: Kind, value: object) -> Frame:
    """A frame whose body is JSON."""
    return Frame(kind, json.dumps(value).encode())


def new_session() -> bytes:
    """Bytes that no other session has."""
    return os.urandom(SESSION_BYTES)


def opening(session: bytes) -> bytes:
    """The bytes by which a session begins, in either direction."""
    return MARK + session


class ProtocolError(Exception):
    """The other side sends what is no frame, such as the beginning of another session."""

    def __init__(self, text: str, rest: bytes = b"") -> None:
        super().__init__(text)
        self.rest = rest
        """What it sent instead, and after it."""


@dataclass(slots=True)
class Decoder:
    """Takes bytes as they come, and gives whole frames of one session.

    It passes over all that comes before the session begins. Without a `session`, as the machine's
    side has it, the next to begin is taken, and `session` holds it then.
    """

    session: bytes | None = None
    began: bool = False
    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with this data."""
        self._rest += data
        if not self.began and not self._begin():
            return []
        frames = []
        while len(self._rest) >= HEAD.size:
            kind, length = HEAD.unpack_from(self._rest)
            if length > MOST or kind not in Kind.__members__.values():
                rest = bytes(self._rest)
                raise ProtocolError(f"a frame of kind {kind} with {length} bytes", rest)
            end = HEAD.size + length
            if len(self._rest) < end:
                break
            frames.append(Frame(Kind(kind), bytes(self._rest[HEAD.size : end])))
            del self._rest[:end]
        return frames

    def _begin(self) -> bool:
        mark = MARK if self.session is None else opening(self.session)
        at = self._rest.find(mark)
        if at < 0:
            # All but what may be the beginning of the mark.
            del self._rest[: max(0, len(self._rest) - len(mark) + 1)]
            return False
        end = at + len(MARK) + SESSION_BYTES
        if len(self._rest) < end:
            del self._rest[:at]
            return False
        self.session = bytes(self._rest[at + len(MARK) : end])
        del self._rest[:end]
        self.began = True
        return True
