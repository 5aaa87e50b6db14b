"""Runs a command in the virtual machine as if it ran here: its streams, signals and exit code."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import socket
import sys
import termios
import tty
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from podnet.errors import UserError
from podnet.lab.machine.channel.frames import (
    Decoder,
    Frame,
    Kind,
    ProtocolError,
    new_session,
    of,
    opening,
)
from podnet.lab.machine.hypervisors.machine import PORTS, port_name

ANSWER_SECONDS = 60.0
CHUNK = 1 << 15
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A command for the virtual machine."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    takes_input: bool = False
    """Whether it gets standard input; where all streams are a terminal, it does anyway."""
    outputs: Mapping[str, Path] = field(default_factory=dict)
    """Where files go that it writes, by their names; others go into the current folder."""


def run(machine: Path, request: Request) -> int:
    """The exit code of the command, run to its end.

    `machine` is the folder of a virtual machine that runs. Raises `UserError` where no port is
    free, or where the machine ends meanwhile.
    """
    with _connected(machine) as port:
        return _Conversation(port, request).run()


@contextlib.contextmanager
def _connected(machine: Path) -> Iterator[socket.socket]:
    for number in range(PORTS):
        name = port_name(number)
        lock = os.open(machine / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                with socket.socket(socket.AF_UNIX) as port:
                    _connect(port, machine, name)
                    yield port
                return
        finally:
            os.close(lock)
    raise UserError(
        f"{PORTS} commands run in the virtual machine of this lab already; wait for one of them",
        rule="machine-ports-busy",
    )


def _connect(port: socket.socket, machine: Path, name: str) -> None:
    folder = os.open(machine, os.O_PATH | os.O_DIRECTORY)
    try:
        # The name of a socket has 108 bytes at most (unix(7)), the path of a lab any number.
        port.connect(f"/proc/self/fd/{folder}/{name}.sock")
    except OSError as error:
        raise ended() from error
    finally:
        os.close(folder)


def ended() -> UserError:
    """The error of a command whose virtual machine has gone."""
    return UserError(
        "the virtual machine of this lab ended while a command ran in it; `podnet status` says "
        "what is left, `podnet up` starts it again",
        rule="machine-ended",
    )


@dataclass(slots=True)
class _Conversation:
    port: socket.socket
    request: Request
    decoder: Decoder = field(default_factory=lambda: Decoder(new_session()))
    file: BinaryIO | None = None
    code: int | None = None
    _input_over: bool = False

    def run(self) -> int:
        terminals = [os.isatty(each) for each in range(3)]
        lines = shutil.get_terminal_size()
        body = {
            "argv": list(self.request.argv),
            "environment": dict(self.request.environment),
            "terminals": terminals,
            "size": [lines.lines, lines.columns],
        }
        whole = all(terminals)
        self._send_begin(of(Kind.REQUEST, body))
        takes_input = whole or self.request.takes_input
        if not takes_input:
            self._send(Frame(Kind.INPUT))
        with _signals() as signals, _raw(whole=whole):
            while self.code is None:
                self._turn(signals, takes_input=takes_input)
                takes_input = takes_input and not self._input_over
        return self.code

    def _turn(self, signals: int, *, takes_input: bool) -> None:
        waiting = [self.port.fileno(), signals, *([0] if takes_input else [])]
        begun = self.decoder.began
        ready, _, _ = select.select(waiting, [], [], None if begun else ANSWER_SECONDS)
        if not ready:
            raise UserError(
                f"the virtual machine of this lab does not answer for {ANSWER_SECONDS:.0f} s; end "
                "it by `podnet down`",
                rule="machine-silent",
            )
        if signals in ready:
            for number in os.read(signals, CHUNK):
                self._send(_signal(number))
        if 0 in ready:
            data = os.read(0, CHUNK)
            self._input_over = not data
            self._send(Frame(Kind.INPUT, data))
        if self.port.fileno() in ready:
            self._receive()

    def _receive(self) -> None:
        try:
            data = self.port.recv(CHUNK)
            frames = self.decoder.feed(data)
        except (OSError, ProtocolError) as error:
            raise ended() from error
        if not data:
            raise ended()
        for frame in frames:
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        if frame.kind is Kind.OUTPUT:
            _write(sys.stdout.fileno(), frame.body)
        elif frame.kind is Kind.ERRORS:
            _write(sys.stderr.fileno(), frame.body)
        elif frame.kind is Kind.FILE:
            self._close()
            self.file = self._created(**frame.value())
        elif frame.kind is Kind.CONTENT and self.file:
            self.file.write(frame.body)
        elif frame.kind is Kind.EXIT:
            self._close()
            self.code = frame.value()

    def _created(self, name: str, mode: int) -> BinaryIO:
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise ended() from ProtocolError(f"a file named {name}")
        place = self.request.outputs.get(name, Path(name))
        place.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb")

    def _close(self) -> None:
        if self.file:
            self.file.close()
            self.file = None

    def _send_begin(self, frame: Frame) -> None:
        assert self.decoder.session  # noqa: S101  # given above
        self._send_bytes(opening(self.decoder.session) + frame.encode())

    def _send(self, frame: Frame) -> None:
        self._send_bytes(frame.encode())

    def _send_bytes(self, data: bytes) -> None:
        try:
            self.port.sendall(data)
        except OSError as error:
            raise ended() from error


def _signal(number: int) -> Frame:
    if number == signal.SIGWINCH:
        size = shutil.get_terminal_size()
        return of(Kind.SIZE, [size.lines, size.columns])
    return of(Kind.SIGNAL, number)


@contextlib.contextmanager
def _signals() -> Iterator[int]:
    """A descriptor from which the numbers of signals can be read that this process gets."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    kept = {}
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (*PASSED_ON, signal.SIGWINCH):
        if signal.getsignal(number) is not signal.SIG_IGN:
            kept[number] = signal.signal(number, lambda *_: None)
    try:
        yield reader
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)


@contextlib.contextmanager
def _raw(*, whole: bool) -> Iterator[None]:
    """Leave keys as they are, so that Ctrl-C and line editing are the other terminal's."""
    if not whole:
        yield
        return
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
