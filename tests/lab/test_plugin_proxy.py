"""The way of a real provider plugin into the lab's network."""

import asyncio
import os
import socket
import subprocess
from pathlib import Path

import pytest

from podnet.lab.providers.plugin.real import Proxy
from podnet.system.netns import NAMESPACES, inside

pytestmark = pytest.mark.lab


@pytest.fixture
def elsewhere():
    """A namespace whose loopback is another."""
    name = f"podnet-proxy-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    yield NAMESPACES / name
    subprocess.run(["ip", "netns", "del", name], check=True)


def asked(namespace: Path, request: str, answer: bytes = b"") -> str:
    """What a client of the proxy reads, with a server in the namespace that says `answer`."""

    async def talk() -> str:
        server = inside(namespace, lambda: socket.create_server(("127.0.0.1", 0)))

        async def greet(reader, writer):
            writer.write(await reader.readexactly(4) + answer)
            writer.close()

        behind = await asyncio.start_server(greet, sock=server)
        proxy = await asyncio.start_server(Proxy(namespace).serve, "127.0.0.1", 0)
        port = proxy.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        target = f"127.0.0.1:{server.getsockname()[1]}"
        writer.write(f"{request.format(target=target)}\r\n\r\nping".encode())
        read = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        for each in (proxy, behind):
            each.close()
        return read.decode()

    return asyncio.run(talk())


def test_a_connection_begins_in_the_namespace(elsewhere):
    text = asked(elsewhere, "CONNECT {target} HTTP/1.1\r\nHost: any", b"pong")

    assert text == "HTTP/1.1 200 Connection established\r\n\r\npingpong"


def test_what_the_namespace_does_not_reach_is_an_error_to_the_client(elsewhere):
    assert asked(elsewhere, "CONNECT 127.0.0.1:1 HTTP/1.1").startswith("HTTP/1.1 502 ")
    assert asked(elsewhere, "CONNECT nowhere HTTP/1.1").startswith("HTTP/1.1 502 ")


def test_all_but_connect_is_refused(elsewhere):
    assert asked(elsewhere, "GET http://{target}/ HTTP/1.1").startswith("HTTP/1.1 405 ")
