"""Checks whether this machine can run the lab, before anything is installed or changed.

Standard library only: `scripts/setup` runs it with the system's own Python.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

CLONE_NEWNET = 0x40000000
LINK_KINDS = ("veth", "bridge")

# linux/netlink.h, linux/rtnetlink.h, linux/if_link.h and linux/netfilter/nf_tables.h
NETLINK_NETFILTER = 12
NLMSG_ERROR = 2
NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 0x1, 0x4, 0x200, 0x400
RTM_NEWLINK = 16
IFLA_LINKINFO, IFLA_INFO_KIND = 18, 1
NFT_MSG_GETGEN = (10 << 8) | 16

NEEDED_CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21, "CAP_MKNOD": 27}


def problems() -> list[str]:
    """The reasons why the lab cannot run here, a sentence each; empty where it can."""
    if not sys.platform.startswith("linux"):
        return [
            f"the lab needs Linux: it is made of network namespaces, and this is {sys.platform}"
        ]
    if os.geteuid() != 0:
        return ["the lab needs root: it makes network namespaces and mounts; run it with sudo"]
    return [
        *_capability_problems(),
        *_file_system_problems(),
        *_in_own_namespace(_kernel_problems),
    ]


def makes_no(kind: str) -> bool:
    """Whether the kernel makes no interface of this kind, not by a module that it loads either."""

    def answers() -> Iterator[str]:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            yield os.strerror(ctypes.get_errno())
        # The namespace may begin with an interface of the kind, as with that of GRE.
        elif _new_link(kind) not in (0, errno.EEXIST):
            yield kind

    return any(_in_own_namespace(answers))


def _capability_problems() -> Iterator[str]:
    status = Path("/proc/self/status").read_text()
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    for name, bit in NEEDED_CAPABILITIES.items():
        if not effective >> bit & 1:
            yield f"the lab needs {name}, which this root lacks: is this an unprivileged container?"


def _file_system_problems() -> Iterator[str]:
    modules = Path(f"/lib/modules/{os.uname().release}")
    if "\toverlay\n" not in Path("/proc/filesystems").read_text() and not modules.is_dir():
        yield "this kernel lacks overlayfs (CONFIG_OVERLAY_FS), which holds the instances' disks"
    if not Path("/proc/sys/net/bridge").is_dir() and not modules.is_dir():
        yield (
            "this kernel lacks br_netfilter (CONFIG_BRIDGE_NETFILTER), which security groups "
            "inside a subnet need"
        )


def _in_own_namespace(attempt: Callable[[], Iterable[str]]) -> Iterator[str]:
    """Try the kernel's features in a namespace of a child process, which goes with the child."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            os.write(writer, "\n".join(attempt()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        yield from answers.read().splitlines()
    os.waitpid(child, 0)


def _kernel_problems() -> Iterator[str]:
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        yield f"this kernel makes no network namespace: {os.strerror(ctypes.get_errno())}"
        return
    for kind in LINK_KINDS:
        if code := _new_link(kind):
            yield f"this kernel makes no {kind} interface: {os.strerror(code)}"
    if code := _ask(NETLINK_NETFILTER, NFT_MSG_GETGEN, 0, b"\0\0\0\0"):
        yield f"this kernel lacks nftables (CONFIG_NF_TABLES): {os.strerror(code)}"


def _new_link(kind: str) -> int:
    name = _attribute(IFLA_INFO_KIND, kind.encode())
    body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + _attribute(IFLA_LINKINFO, name)
    return _ask(socket.NETLINK_ROUTE, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)


def _ask(family: int, kind: int, flags: int, body: bytes) -> int:
    """Send one netlink request; 0 if the kernel took it, otherwise its error number."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, family) as link:
            link.settimeout(5)
            header = struct.pack(
                "=IHHII", 16 + len(body), kind, NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0
            )
            link.send(header + body)
            answer = link.recv(65536)
    except OSError as error:
        return error.errno or errno.EIO
    code: int = struct.unpack_from("=i", answer, 16)[0]
    return -code if struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR else 0


if __name__ == "__main__":
    for problem in problems():
        sys.stderr.write(f"{problem}\n")
    sys.exit(bool(problems()))
