"""Whether one endpoint gets an answer of another, by which protocol, and who the other sees."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product

from podnet.probe import Endpoint
from podnet.system.netns import inside

ANSWER_SECONDS = 1.5
"""A host that answers does so at once; the rest is for a busy machine, and a repeated SYN."""
TRIES = 2
TOKEN_BYTES = 16
BIGGEST = 65535
ECHO_REQUEST, ECHO_REPLY = 8, 0
IP_HEADER, ICMP_HEADER = 20, 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What became of one endpoint that asked another."""

    source: Endpoint
    target: Endpoint
    seen: dict[str, str | None]
    """Per protocol the address that the target saw; None where no answer came back."""

    @property
    def answered(self) -> bool:
        """Whether an answer came back by every protocol."""
        return all(self.seen.values())


def reach(pairs: Sequence[tuple[Endpoint, Endpoint]]) -> list[Reach]:
    """Let the first of each pair ask the second, by every protocol; all at once."""
    asked = list(product(pairs, PROTOCOLS))
    with ThreadPoolExecutor(max(1, len(asked))) as pool:
        answers = pool.map(lambda each: _seen(PROTOCOLS[each[1]], *each[0]), asked)
        seen = dict(zip(asked, answers, strict=True))
    return [
        Reach(source=pair[0], target=pair[1], seen={name: seen[pair, name] for name in PROTOCOLS})
        for pair in pairs
    ]


Ask = Callable[[Endpoint, Endpoint], str]


def _seen(ask: Ask, source: Endpoint, target: Endpoint) -> str | None:
    for _ in range(TRIES):
        try:
            return ask(source, target)
        except OSError:
            continue
    return None


def _udp(source: Endpoint, target: Endpoint) -> str:
    with _bound(target, socket.SOCK_DGRAM) as server, _bound(source, socket.SOCK_DGRAM) as client:
        client.sendto(b"?", server.getsockname())
        _, asker = server.recvfrom(BIGGEST)
        server.sendto(b"!", asker)
        client.recv(BIGGEST)
        return str(asker[0])


def _tcp(source: Endpoint, target: Endpoint) -> str:
    with _bound(target, socket.SOCK_STREAM) as server, _bound(source, socket.SOCK_STREAM) as client:
        server.listen()
        client.connect(server.getsockname())
        accepted, asker = server.accept()
        with accepted:
            accepted.sendall(b"!")
            client.recv(BIGGEST)
        return str(asker[0])


def _icmp(source: Endpoint, target: Endpoint) -> str:
    raw = partial(_bound, kind=socket.SOCK_RAW, protocol=socket.IPPROTO_ICMP)
    token = os.urandom(TOKEN_BYTES)
    with raw(target) as server, raw(source) as client:
        header = struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, int.from_bytes(token[:2]), 1)
        checksum = _checksum(header + token)
        client.sendto(header[:2] + checksum + header[4:] + token, (str(target.address), 0))
        asker = _heard(server, ECHO_REQUEST, token)
        # The kernel of the target is who answers.
        _heard(client, ECHO_REPLY, token)
        return asker


def _heard(opened: socket.socket, kind: int, token: bytes) -> str:
    """Who sent the message of this kind with the token; a raw socket gets all others too."""
    limit = time.monotonic() + ANSWER_SECONDS
    while select.select([opened], [], [], max(0.0, limit - time.monotonic()))[0]:
        data, sender = opened.recvfrom(BIGGEST)
        if data[IP_HEADER] == kind and data[IP_HEADER + ICMP_HEADER :] == token:
            return str(sender[0])
    raise TimeoutError


def _checksum(data: bytes) -> bytes:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)


@contextmanager
def _bound(endpoint: Endpoint, kind: int, protocol: int = 0) -> Iterator[socket.socket]:
    def opened() -> socket.socket:
        return socket.socket(socket.AF_INET, kind, protocol)

    with inside(endpoint.netns, opened) as made:
        made.settimeout(ANSWER_SECONDS)
        made.bind((str(endpoint.address), 0))
        yield made


PROTOCOLS: dict[str, Ask] = {"udp": _udp, "tcp": _tcp, "icmp": _icmp}
