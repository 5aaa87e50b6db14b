"""`python confined.py ADDRESS… -- COMMAND…`: runs a command that reaches nothing but loopback.

The command gets a network namespace of its own. Of this machine's loopback it sees the given
addresses, `127.0.0.1:4566` for instance, and no others. What it starts is in that namespace too;
from there only a namespace that a program enters by its name can be reached, such as those of a
lab. This file runs by itself, so that it starts fast, and outlives who started it, as its command
does.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
CHUNK = 65536
CANNOT_CONFINE = 126
"""The exit code where the namespace cannot be made, as that of a shell that cannot execute."""


def main(arguments: list[str]) -> int:
    """Run the command to its end; its exit code, or that of a shell where a signal ended it."""
    split = arguments.index("--")
    addresses, command = arguments[:split], arguments[split + 1 :]
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        _check(_libc.unshare(CLONE_NEWNET))
    except OSError as error:
        sys.stderr.write(
            f"the Pulumi CLI was not started: in a lab it runs in a network namespace of its own, "
            f"and that takes root ({error.strerror})\n"
        )
        return CANNOT_CONFINE
    _raise_loopback()
    return asyncio.run(_run(addresses, command, outside))


async def _run(addresses: list[str], command: list[str], outside: int) -> int:
    signals: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):  # before the command is there to be left alone
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    listeners = [(_listener(address), address) for address in addresses]
    process = await asyncio.create_subprocess_exec(*command)
    passing = asyncio.create_task(_pass_on(signals, process))
    # Connections to the addresses are made where these are; the command stays where it is.
    _check(_libc.setns(outside, CLONE_NEWNET))
    for listener, address in listeners:
        await asyncio.start_server(_relay_to(address), sock=listener)
    code = await process.wait()
    passing.cancel()
    return code if code >= 0 else 128 - code


def _relay_to(
    address: str,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    host, port = _parts(address)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind = await asyncio.open_connection(host, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, behind[1]), _pump(behind[0], writer))
        for each in (writer, behind[1]):
            each.close()

    return relay


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what is read until its end, and then the end."""
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()


async def _pass_on(signals: asyncio.Queue[int], process: asyncio.subprocess.Process) -> None:
    while True:
        number = await signals.get()
        with suppress(ProcessLookupError):
            process.send_signal(number)


def _listener(address: str) -> socket.socket:
    host, port = _parts(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _parts(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def _check(code: int) -> None:
    if code:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


_libc = ctypes.CDLL(None, use_errno=True)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
