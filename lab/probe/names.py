"""A question to a DNS server as a packet, and its answer: pure."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

HEADER = struct.Struct("!HHHHHH")
RECURSION_DESIRED = 0x0100
RESPONSE = 0x8000
CODE = 0x000F
NO_SUCH_NAME = 3
TYPE_A, CLASS_IN = 1, 1
POINTER = 0xC0
RECORD = struct.Struct("!HHIH")


def question(number: int, name: str) -> bytes:
    """What asks for the IPv4 address of a name."""
    labels = [label.encode() for label in name.rstrip(".").split(".")]
    packed = b"".join(bytes([len(label)]) + label for label in labels)
    return (
        HEADER.pack(number, RECURSION_DESIRED, 1, 0, 0, 0)
        + packed
        + b"\0"
        + struct.pack("!HH", TYPE_A, CLASS_IN)
    )


def addresses(number: int, packet: bytes) -> list[IPv4Address] | None:
    """The addresses in the answer to this question, none if there is no such name.

    None in place of a list for the answer to another question; raises ValueError for what is no
    whole answer, and for one that tells of a failure.
    """
    try:
        found, flags, questions, answers, *_ = HEADER.unpack_from(packet)
        if found != number or not flags & RESPONSE:
            return None
        if flags & CODE not in (0, NO_SUCH_NAME):
            raise ValueError(f"the server answered with code {flags & CODE}")
        at = HEADER.size
        for _ in range(questions):
            at = _after_name(packet, at) + 4
        given = []
        for _ in range(answers):
            at = _after_name(packet, at)
            kind, of, _, size = RECORD.unpack_from(packet, at)
            at += RECORD.size
            if (kind, of, size) == (TYPE_A, CLASS_IN, 4):
                given.append(IPv4Address(packet[at : at + 4]))
            at += size
    except (struct.error, IndexError) as error:
        raise ValueError(f"the answer is cut short: {error}") from error
    return given


def _after_name(packet: bytes, at: int) -> int:
    while packet[at]:
        if packet[at] & POINTER == POINTER:
            return at + 2
        at += 1 + packet[at]
    return at + 1
