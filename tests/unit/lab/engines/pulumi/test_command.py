"""Ctrl-C while the Pulumi CLI runs: it gets one interrupt, and is waited for."""

import os
import signal
import sys
import threading

import pytest
from pulumi.automation import CommandError

from podnet.lab.engines.pulumi.command import Command

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="the CLI runs in a network namespace, which takes root"
)

CLI = """\
import os, signal, sys, time
if sys.argv[1:] == ["version"]:
    print("v3.300.0")
    sys.exit()
if "fail" in sys.argv:
    print("error: it went wrong", file=sys.stderr)
    sys.exit(255)
def interrupted(*_):
    with open("interrupts", "a") as file:
        file.write("one ")
signal.signal(signal.SIGINT, interrupted)
print(*sys.argv[1:], os.environ["COLOUR"], flush=True)
limit = time.monotonic() + (20 if "up" in sys.argv else 0)
while time.monotonic() < limit and not os.path.exists("interrupts"):
    time.sleep(0.05)
time.sleep(0.5 if "up" in sys.argv else 0)
open("ended", "w").close()
"""


@pytest.fixture
def command(tmp_path, monkeypatch):
    """A command whose CLI notes each interrupt, and takes half a second to end after the first."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{CLI}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return Command("http://127.0.0.1:4566")


def run(command, directory, *args, listen=None):
    return command.run([*args], str(directory), {"COLOUR": "blue"}, listen)


def test_the_output_of_a_command_is_reported_line_by_line_and_returned(command, tmp_path):
    lines = []
    result = run(command, tmp_path, "stack", "ls", listen=lines.append)

    assert (result.stdout, result.code) == ("--non-interactive stack ls blue", 0)
    assert lines == [result.stdout]


def test_a_command_that_fails_raises_its_output(command, tmp_path):
    with pytest.raises(CommandError, match="it went wrong"):
        run(command, tmp_path, "fail")


@pytest.mark.parametrize("presses", [1, 3])
def test_ctrl_c_reaches_the_cli_once_and_its_end_is_waited_for(command, tmp_path, presses):
    def press(_):
        for number in range(presses):
            threading.Timer(0.1 * number, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        run(command, tmp_path, "up", listen=press)

    assert (tmp_path / "ended").exists()
    assert (tmp_path / "interrupts").read_text() == "one "
