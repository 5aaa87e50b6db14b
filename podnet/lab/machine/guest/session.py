"""One port: takes a command, runs it, and carries its streams."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import tty
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podnet.lab.machine.channel.frames import (
    Decoder,
    Frame,
    Kind,
    ProtocolError,
    of,
    opening,
)

SCRATCH = Path("/run/podnet")
CHUNK = 1 << 15
GONE = select.POLLHUP | select.POLLERR
END_OF_INPUT = b"\x04"
STREAMS = (Kind.OUTPUT, Kind.ERRORS)


def opened(device: Path) -> int:
    """A port that takes bytes as they are, be it one of virtio or a serial line."""
    port = os.open(device, os.O_RDWR | os.O_NOCTTY)
    if os.isatty(port):
        tty.setraw(port)
    return port


def serve(port: int) -> None:
    """Serve a port, one session after the other, for ever."""
    SCRATCH.mkdir(exist_ok=True)
    waiting = select.epoll()
    # Without edges, a port that nobody has connected to is always ready: it hangs up.
    waiting.register(port, select.EPOLLIN | select.EPOLLET)
    while True:
        waiting.poll()
        converse(port)


def converse(port: int) -> None:
    """Run the commands of whoever is on the other side of a port, until nobody is."""
    asked = select.poll()
    asked.register(port, select.POLLIN)
    decoder = Decoder()
    data = b""
    while data or (data := _next(port, asked)):
        frames, rest = _frames(decoder, data)
        data = b""
        if frames and frames[0].kind is Kind.REQUEST:
            rest = _run(Session(port, decoder, frames))
        if frames or rest is not None:
            decoder, data = Decoder(), rest or b""


def _next(port: int, asked: select.poll) -> bytes:
    """What the other side sends next; nothing where it has gone."""
    ((_, events),) = asked.poll()
    with contextlib.suppress(ConnectionResetError):  # it has gone without reading all
        return os.read(port, CHUNK) if events & select.POLLIN else b""
    return b""


def _frames(decoder: Decoder, data: bytes) -> tuple[list[Frame], bytes | None]:
    try:
        return decoder.feed(data), None
    except ProtocolError as error:
        return [], error.rest


def _run(session: Session) -> bytes | None:
    """Run a session; returns what was sent after it, where another has taken its place."""
    try:
        session.run()
    except ProtocolError as error:
        return error.rest
    except OSError:
        return None  # the other side has gone
    return None


@dataclass(slots=True)
class Session:
    """One command, from its request to its exit code."""

    port: int
    decoder: Decoder
    frames: list[Frame]
    input: int = -1
    outputs: dict[int, Kind] = field(default_factory=dict)
    terminals: set[int] = field(default_factory=set)
    process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Run the command; raises `OSError` where the other side has gone."""
        first, *rest = self.frames
        assert self.decoder.session  # noqa: S101  # it has begun
        self._write(opening(self.decoder.session))
        folder = Path(tempfile.mkdtemp(dir=SCRATCH))
        try:
            code = self._execute(first.value(), folder, rest)
            self._send_files(folder)
            self._write(of(Kind.EXIT, code).encode())
        finally:
            for descriptor in {self.input, *self.outputs, *self.terminals} - {-1}:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
            shutil.rmtree(folder, ignore_errors=True)

    def _execute(self, request: dict[str, Any], folder: Path, rest: list[Frame]) -> int:
        streams, ours = self._streams(request["terminals"], request["size"])
        whole = all(request["terminals"])
        try:
            process = self.process = subprocess.Popen(
                request["argv"],
                stdin=streams[0],
                stdout=streams[1],
                stderr=streams[2],
                cwd=folder,
                env=request["environment"],
                start_new_session=True,
                preexec_fn=_control if whole else None,  # noqa: PLW1509  # no threads here
            )
        except OSError as error:
            self._write(Frame(Kind.ERRORS, f"{request['argv'][0]}: {error}\n".encode()).encode())
            return 127
        finally:
            for descriptor in ours:
                os.close(descriptor)
        try:
            for frame in rest:
                self._take(frame)
            self._carry(process)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        code = process.wait()
        return 128 - code if code < 0 else code

    def _streams(self, terminals: list[bool], size: list[int]) -> tuple[list[int], list[int]]:
        """The command's ends of its three streams, and all descriptors to close after its start."""
        if all(terminals):
            own, theirs = os.openpty()
            _resize(own, size)
            self.input, self.outputs = own, {own: Kind.OUTPUT}
            self.terminals = {own}
            return [theirs] * 3, [theirs]
        theirs, self.input = os.pipe()
        streams = [theirs]
        for kind, terminal in zip(STREAMS, terminals[1:], strict=True):
            if terminal:
                own, theirs = os.openpty()
                tty.setraw(theirs)
                _resize(own, size)
                self.terminals.add(own)
            else:
                own, theirs = os.pipe()
            self.outputs[own] = kind
            streams.append(theirs)
        return streams, list(streams)

    def _carry(self, process: subprocess.Popen[bytes]) -> None:
        """Carry frames and output until the process has ended and its output is read."""
        ended = os.pidfd_open(process.pid)
        waiting = select.poll()
        for descriptor in (self.port, ended, *self.outputs):
            waiting.register(descriptor, select.POLLIN)
        open_outputs = set(self.outputs)
        over = False
        try:
            while not over or open_outputs:
                ready = waiting.poll(0 if over else None)
                if over and not any(descriptor in open_outputs for descriptor, _ in ready):
                    return  # a process that it left may hold its output open
                for descriptor, events in ready:
                    if descriptor == ended:
                        over = True
                        waiting.unregister(ended)
                    elif descriptor == self.port:
                        self._receive(events)
                    elif descriptor in open_outputs and not self._forward(descriptor):
                        open_outputs.discard(descriptor)
                        waiting.unregister(descriptor)
        finally:
            os.close(ended)

    def _receive(self, events: int) -> None:
        if events & select.POLLIN and (data := os.read(self.port, CHUNK)):
            for frame in self.decoder.feed(data):
                self._take(frame)
        elif events & GONE:
            raise BrokenPipeError("the other side has gone")

    def _take(self, frame: Frame) -> None:
        assert self.process  # noqa: S101  # it runs
        if frame.kind is Kind.INPUT:
            self._input(frame.body)
        elif frame.kind is Kind.SIGNAL:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, frame.value())
        elif frame.kind is Kind.SIZE:
            for terminal in self.terminals:
                _resize(terminal, frame.value())

    def _input(self, data: bytes) -> None:
        if self.input < 0:
            return
        whole = self.input in self.outputs
        # A command that no longer reads is no fault of whoever writes to it.
        with contextlib.suppress(BrokenPipeError):
            if data or whole:
                _write_all(self.input, data or END_OF_INPUT)
                return
        os.close(self.input)
        self.input = -1

    def _forward(self, descriptor: int) -> bool:
        """Send what an output has; False at its end."""
        try:
            data = os.read(descriptor, CHUNK)
        except OSError:
            data = b""  # the end of a terminal
        if data:
            self._write(Frame(self.outputs[descriptor], data).encode())
        return bool(data)

    def _send_files(self, folder: Path) -> None:
        """Send what the command has written into its folder."""
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            head = {"name": str(file.relative_to(folder)), "mode": file.stat().st_mode & 0o777}
            self._write(of(Kind.FILE, head).encode())
            with file.open("rb") as content:
                while data := content.read(CHUNK):
                    self._write(Frame(Kind.CONTENT, data).encode())

    def _write(self, data: bytes) -> None:
        _write_all(self.port, data)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _resize(terminal: int, size: list[int]) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))


def _control() -> None:
    """Make standard input the terminal by which the command's session is controlled."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
