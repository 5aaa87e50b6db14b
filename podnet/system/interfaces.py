"""Network interfaces as the kernel describes them to the namespace of the calling thread."""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
from ipaddress import IPv4Address

# linux/sockios.h, and the size of linux/if.h's `struct ifreq`.
SIOCGIFADDR, SIOCGIFMTU = 0x8915, 0x8921
NAME = "16s"
REQUEST = 40


def mtu_of(address: IPv4Address) -> int:
    """The MTU in bytes of the interface with this address.

    Raises `OSError` (EADDRNOTAVAIL) where no interface has it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            if _address(asking, name) == address:
                (mtu,) = struct.unpack_from("i", _ioctl(asking, SIOCGIFMTU, name), 16)
                return int(mtu)
    raise OSError(errno.EADDRNOTAVAIL, f"no interface has the address {address}")


def _address(asking: socket.socket, name: str) -> IPv4Address | None:
    try:
        answer = _ioctl(asking, SIOCGIFADDR, name)
    except OSError:
        return None  # it has no IPv4 address, or went away meanwhile
    return IPv4Address(answer[20:24])


def _ioctl(asking: socket.socket, number: int, name: str) -> bytes:
    return fcntl.ioctl(asking, number, struct.pack(NAME, name.encode()).ljust(REQUEST, b"\0"))
