"""What a confined command reaches: the addresses it is given, and nothing else."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from podnet.lab.engines.pulumi import confined

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="a network namespace of one's own takes root"
)

DIAL = """
import errno, json, socket, sys
results = {}
for address in sys.argv[1:]:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as made:
            made.sendall(b"a" * 300_000)
            made.shutdown(socket.SHUT_WR)
            results[address] = sum(len(chunk) for chunk in iter(lambda: made.recv(65536), b""))
    except OSError as error:
        results[address] = errno.errorcode.get(error.errno, str(error))
print(json.dumps(results))
"""
OUTSIDE = "198.51.100.1:443"
"""An address in a range for documents: no host of any network has it (RFC 5737)."""


def answer(connection):
    """Take everything in, and then give it back twice."""
    with connection:
        taken = b"".join(iter(lambda: connection.recv(65536), b""))
        connection.sendall(taken * 2)


@contextmanager
def listening(host="127.0.0.1"):
    """The address of a server on this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:

        def serve():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                threading.Thread(target=answer, args=[connection], daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"{host}:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def run(addresses, *command, by=()):
    argv = [*by, sys.executable, "-I", confined.__file__, *addresses, "--", *command]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def dialled(reachable, *addresses):
    done = run(reachable, sys.executable, "-c", DIAL, *addresses)
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_addresses_that_are_given_are_reached(host):
    with listening(host) as one, listening() as other:
        assert dialled([one, other], one, other) == {one: 600_000, other: 600_000}


def test_nothing_else_of_this_machine_and_nothing_outside_is_reached():
    own = [
        row["local"]
        for link in json.loads(subprocess.check_output(["ip", "-json", "-4", "address"]))
        for row in link["addr_info"]
        if row["scope"] == "global"
    ]
    with listening() as api, listening() as other, listening("0.0.0.0") as everywhere:  # noqa: S104
        elsewhere = [f"{address}:{everywhere.rpartition(':')[2]}" for address in own]
        found = dialled([api], api, other, OUTSIDE, *elsewhere)

    assert found == {
        api: 600_000,
        other: errno.errorcode[errno.ECONNREFUSED],
        OUTSIDE: errno.errorcode[errno.ENETUNREACH],
        **dict.fromkeys(elsewhere, errno.errorcode[errno.ENETUNREACH]),
    }


def test_a_server_that_is_not_there_is_not_reached():
    with listening() as gone:
        pass

    # The connection ends at once, before or while the caller sends.
    assert dialled([gone], gone)[gone] in {0, "ECONNRESET", "ENOTCONN", "EPIPE"}


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 32", 32), ("kill -KILL $$", 128 + signal.SIGKILL)],
    ids=["done", "failed", "killed"],
)
def test_the_end_of_the_command_is_reported(script, code):
    assert run([], "sh", "-c", script).returncode == code


def test_a_signal_is_passed_on():
    script = 'trap "echo interrupted; exit 7" INT; echo ready; while :; do sleep 0.05; done'
    argv = [sys.executable, "-I", confined.__file__, "--", "sh", "-c", script]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as running:
        running.stdout.readline()
        running.send_signal(signal.SIGINT)

        assert running.stdout.read() == "interrupted\n"
        assert running.wait(20) == 7


def test_without_root_nothing_is_started():
    unable = ("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin")
    done = run([], "echo", "started", by=unable)

    assert (done.returncode, done.stdout) == (confined.CANNOT_CONFINE, "")
    assert "takes root" in done.stderr
