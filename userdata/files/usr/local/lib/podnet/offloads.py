"""Transmit checksums of the devices that encapsulate, which some kernels and cards do wrongly."""

import fcntl
import socket
import struct
from array import array

from links import FLAT, GRE, OVERLAY, exists
from machine import Node
from podnet.plan.routing import Routing

SIOCETHTOOL, GET_CHECKSUM, SET_CHECKSUM = 0x8946, 0x16, 0x17


def keep_offloads(_: Node, routing: Routing) -> str:
    """Leave checksums to the network card, or take them from it."""
    changed = []
    for name in filter(exists, (OVERLAY, FLAT, GRE)):
        if _checksum(name, GET_CHECKSUM) != routing.checksum_offload:
            _checksum(name, SET_CHECKSUM, on=routing.checksum_offload)
            changed.append(f"{name} checksum offload {routing.checksum_offload}")
    return "; ".join(changed)


def _checksum(name: str, command: int, *, on: bool = False) -> bool:
    value = array("I", (command, on))
    request = struct.pack("16sP16x", name.encode(), value.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, request)
    return bool(value[1])
