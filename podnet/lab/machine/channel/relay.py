"""`python -m podnet.lab.machine.channel.relay SOCKET:LINE…`: ports that are serial lines.

A line does not say that the other side has gone, as a port of virtio does. So who has gone is
followed by the beginning of a session that asks for nothing, which ends the command of the last
one. Frames go into a line whole, so that it is taken for what it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from podnet.lab.machine.channel.frames import Decoder, ProtocolError, new_session, opening

CHUNK = 1 << 15


@dataclass(slots=True)
class Port:
    """One port, and who is connected to it."""

    line: asyncio.StreamWriter
    client: asyncio.StreamWriter | None = None
    free: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what one client sends, until it has gone; the next one waits for that."""
        async with self.free:
            self.client = writer
            try:
                with contextlib.suppress(ConnectionError):
                    await self._carry(reader)
            finally:
                self.client = None
                self.line.write(opening(new_session()))
                await self.line.drain()
                writer.close()

    async def _carry(self, reader: asyncio.StreamReader) -> None:
        decoder, data = Decoder(), b""
        while data or (data := await reader.read(CHUNK)):
            begun = decoder.began
            try:
                frames = decoder.feed(data)
            except ProtocolError as error:  # another session begins
                decoder, data = Decoder(), error.rest
                continue
            data = b""
            if decoder.session and not begun:
                self.line.write(opening(decoder.session))
            self.line.writelines(frame.encode() for frame in frames)
            await self.line.drain()

    async def answer(self, line: asyncio.StreamReader) -> None:
        """Carry what the machine sends to whoever is connected; without one it is dropped."""
        while data := await line.read(CHUNK):
            client = self.client
            if client:
                with contextlib.suppress(ConnectionError):
                    client.write(data)
                    await client.drain()


async def relay(pairs: Sequence[tuple[int, int]]) -> None:
    """Serve these listening sockets and lines until the machine ends."""
    answers = []
    for listening, number in pairs:
        reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=number))
        port = Port(writer)
        await asyncio.start_unix_server(port.serve, sock=socket.socket(fileno=listening))
        answers.append(port.answer(reader))
    await asyncio.gather(*answers)


if __name__ == "__main__":
    given = [word.partition(":") for word in sys.argv[1:]]
    asyncio.run(relay([(int(listening), int(line)) for listening, _, line in given]))
