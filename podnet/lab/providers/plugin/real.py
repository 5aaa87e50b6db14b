"""Runs a real provider plugin of Pulumi's in the lab, with a way into the lab's network.

The plugin stays where the CLI is, in a namespace from which it reaches the lab's API alone. It
reaches clusters by a proxy whose connections begin in the lab: Go's HTTP client takes the proxy
from `HTTPS_PROXY` (https://pkg.go.dev/net/http#ProxyFromEnvironment).
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import closing, suppress
from pathlib import Path

from podnet.lab.providers.kubernetes.plugin import NAMESPACE
from podnet.system.netns import inside

CHUNK = 65536
SECONDS = 10.0


def main(version: str, program: str) -> None:
    """Run the program until it or the engine ends; `version` is that of the SDK."""
    del version
    sys.exit(asyncio.run(_run(Path(program))))


async def _run(program: Path) -> int:
    namespace = os.environ.get(NAMESPACE)
    environment = dict(os.environ)
    if namespace:
        listening = await asyncio.start_server(Proxy(Path(namespace)).serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        environment["HTTPS_PROXY"] = f"http://127.0.0.1:{port}"
    process = await asyncio.create_subprocess_exec(program, *sys.argv[1:], env=environment)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):  # how the engine ends its plugins
        loop.add_signal_handler(number, _pass_on, process, number)
    engine = os.pidfd_open(os.getppid())
    # A killed engine ends nobody: whoever it started has to see its end.
    loop.add_reader(engine, _pass_on, process, signal.SIGKILL)
    try:
        return await process.wait()
    finally:
        loop.remove_reader(engine)
        os.close(engine)


def _pass_on(process: asyncio.subprocess.Process, number: int) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


class Proxy:
    """Takes CONNECT (RFC 9110, section 9.3.6), and connects from another network namespace."""

    def __init__(self, namespace: Path) -> None:
        self._namespace = namespace

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        with closing(writer):
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, target = head.split()[:2]
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
                return
            if method != "CONNECT":
                writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\n\r\n")
                return
            try:
                behind = await asyncio.open_connection(sock=await self._connected(target))
            except (OSError, ValueError) as error:
                writer.write(f"HTTP/1.1 502 {error}\r\n\r\n".encode("latin-1", "replace"))
                return
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with closing(behind[1]):
                await asyncio.gather(_pump(reader, behind[1]), _pump(behind[0], writer))

    async def _connected(self, target: str) -> socket.socket:
        host, _, port = target.rpartition(":")
        address = (host.strip("[]"), int(port))

        def connect() -> socket.socket:
            return inside(self._namespace, lambda: socket.create_connection(address, SECONDS))

        connected = await asyncio.to_thread(connect)
        connected.settimeout(0)
        return connected


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
