"""Both sides of the channel, on this machine: the port is a socket instead of a device."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from podnet.lab.home import PROJECT
from podnet.lab.machine.channel import client
from podnet.lab.machine.channel.frames import Frame, Kind, new_session, of, opening
from podnet.lab.machine.guest import session
from podnet.lab.machine.hypervisors import user_mode
from podnet.lab.machine.hypervisors.machine import PORTS, port_name
from tests.refusals import refused

CLIENT = """
import json, os, sys
from pathlib import Path
from podnet.lab.machine.channel import client
argv = json.loads(sys.argv[2])
request = client.Request(argv=argv, environment=dict(os.environ), takes_input=True)
sys.exit(client.run(Path(sys.argv[1]), request))
"""


@pytest.fixture(params=["port", "serial line"])
def machine(request, tmp_path, monkeypatch):
    """The folder of a machine whose first port is served by another process."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(session, "SCRATCH", tmp_path / "scratch")
    serving = on_port if request.param == "port" else on_line
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / f"{port_name(0)}.sock"))
        listening.listen(4)
        with serving(listening):
            yield tmp_path


@contextmanager
def on_port(listening):
    """A port that says when who is connected to it goes."""
    server = os.fork()
    if server == 0:
        while True:
            connection, _ = listening.accept()
            with connection:
                session.converse(connection.fileno())
    yield
    os.kill(server, signal.SIGKILL)
    os.waitpid(server, 0)


@contextmanager
def on_line(listening):
    """A line that does not, and who carries between it and the port."""
    line, theirs = socket.socketpair()
    server = os.fork()
    if server == 0:
        session.serve(theirs.fileno())
    theirs.close()
    numbers = [listening.fileno(), line.fileno()]
    argv = user_mode.relay_argv(*([number] for number in numbers))
    with line, subprocess.Popen(argv, cwd=PROJECT, pass_fds=numbers) as relay:
        yield
        relay.kill()
    os.kill(server, signal.SIGKILL)
    os.waitpid(server, 0)


def start(machine, *argv, **streams):
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(machine), json.dumps(argv)],
        cwd=streams.pop("cwd", PROJECT),
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **streams,
    )


def test_streams_and_the_exit_code_are_those_of_the_command(machine):
    with start(machine, "sh", "-c", "cat; echo beside >&2; exit 7") as process:
        printed, errors = process.communicate("a line\n")

    assert (printed, errors, process.returncode) == ("a line\n", "beside\n", 7)


def test_much_output_arrives_whole(machine):
    with start(machine, "seq", "100000") as process:
        printed, _ = process.communicate()

    assert printed.split() == [str(number) for number in range(1, 100001)]


def test_an_interrupt_is_passed_on_and_its_end_comes_back(machine):
    script = "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.1; done"
    with start(machine, "sh", "-c", script) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate()

    assert (printed, process.returncode) == ("caught\n", 5)


def test_a_command_that_a_signal_ends_has_the_code_that_shells_report(machine):
    with start(machine, "sh", "-c", "kill -KILL $$") as process:
        process.communicate()

    assert process.returncode == 137


def test_a_command_dies_with_who_waits_for_it(machine, tmp_path):
    file = tmp_path / "pid"
    with start(machine, "sh", "-c", f"echo $$ > {file}; echo ready; exec sleep 600") as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()
    command = int(file.read_text())
    deadline = time.monotonic() + 10
    while Path(f"/proc/{command}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_files_of_the_command_come_into_the_current_folder(machine, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    with start(machine, "sh", "-c", "echo text > a; mkdir b; : > b/c", cwd=here) as process:
        process.communicate()

    assert {str(path.relative_to(here)) for path in here.rglob("*")} == {"a", "b", "b/c"}
    assert (here / "a").read_text() == "text\n"


def test_a_program_that_is_not_there_is_named(machine):
    with start(machine, "no-such-program") as process:
        _, errors = process.communicate()

    assert process.returncode == 127
    assert "no-such-program" in errors


def test_what_a_command_said_to_nobody_is_not_the_next_one_s(machine):
    with start(machine, "sh", "-c", "echo ready; while :; do echo old; done") as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()
    with start(machine, "echo", "new") as process:
        printed, _ = process.communicate()

    assert printed == "new\n"


def test_who_goes_without_reading_all_has_gone():
    port, other = socket.socketpair()
    with port:
        port.sendall(b"unread")
        other.close()
        session.converse(port.fileno())


def test_half_a_frame_of_who_has_gone_is_no_part_of_what_follows(machine):
    with socket.socket(socket.AF_UNIX) as port:
        port.connect(str(machine / f"{port_name(0)}.sock"))
        port.sendall(opening(new_session()) + of(Kind.REQUEST, {"argv": "a" * 1000}).encode()[:99])
    with start(machine, "echo", "new") as process:
        printed, _ = process.communicate()

    assert printed == "new\n"


def test_a_session_that_takes_the_place_of_another_is_served(machine):
    with socket.socket(socket.AF_UNIX) as port:
        port.settimeout(30)
        port.connect(str(machine / f"{port_name(0)}.sock"))
        request = {"argv": ["sleep", "600"], "environment": {}, "terminals": [False] * 3}
        request |= {"size": [24, 80]}
        port.sendall(opening(new_session()) + of(Kind.REQUEST, request).encode())
        port.recv(100)
        second = new_session()
        request["argv"] = ["/bin/echo", "second"]
        port.sendall(opening(second) + of(Kind.REQUEST, request).encode())
        received = b""
        while of(Kind.EXIT, 0).encode() not in received:
            received += port.recv(1000)

    assert received.startswith(opening(second) + Frame(Kind.OUTPUT, b"second\n").encode())


def test_a_machine_that_is_gone_is_named(tmp_path):
    request = client.Request(argv=["true"], environment={})
    with refused("machine-ended"):
        client.run(tmp_path, request)


def test_no_free_port_is_a_refusal(tmp_path):
    locks = [(tmp_path / f"{port_name(number)}.lock").open("w") for number in range(PORTS)]
    for lock in locks:
        fcntl.flock(lock, fcntl.LOCK_EX)
    with refused("machine-ports-busy"):
        client.run(tmp_path, client.Request(argv=["true"], environment={}))
    for lock in locks:
        lock.close()
