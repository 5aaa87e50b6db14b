"""Captures on nodes: the headers of what passes their links, and no payload."""

from __future__ import annotations

import select
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from podnet.bundle import pcap
from podnet.bundle.archive import Archive
from podnet.lab.nodes.node import Node
from podnet.system.netns import inside

ALL = 0x0003
"""ETH_P_ALL: every frame, also those that are sent (packet(7))."""
MOST_BYTES = 16 * 1024 * 1024
"""Of one capture; it ends there."""
LONGEST_FRAME = 65535 + 18
WAKE = 0.2


def collect(archive: Archive, nodes: list[Node], seconds: float, ports: frozenset[int]) -> None:
    """Capture on all nodes at the same time."""
    if not nodes:
        return
    with ThreadPoolExecutor(len(nodes)) as pool:
        captures = [(node, pool.submit(_capture, node, seconds, ports)) for node in nodes]
        for node, capture in captures:
            name = f"captures/{node.name}.pcap"
            what = f"headers of what passed all links of the node in {seconds:.0f} s, no payload"
            try:
                archive.headers(name, what, capture.result())
            except OSError as error:
                archive.lacks(name, what, error)


def _capture(node: Node, seconds: float, ports: frozenset[int]) -> bytes:
    def opened() -> socket.socket:
        return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))

    parts, size = [pcap.FILE], len(pcap.FILE)
    end = time.monotonic() + seconds
    with inside(node.netns, opened) as link:
        while (left := end - time.monotonic()) > 0 and size < MOST_BYTES:
            readable, _, _ = select.select([link], [], [], min(left, WAKE))
            if readable:
                frame, place = link.recvfrom(LONGEST_FRAME)
                # A frame of a device without Ethernet would be read as one.
                if place[3] in (1, 772):
                    parts.append(pcap.record(time.time(), frame, ports))
                    size += len(parts[-1])
    return b"".join(parts)
