"""The application: which modules a command loads, and how it ends."""

import errno
import os
import subprocess
import sys

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

import podnet.lab.commands  # noqa: F401  # registers the commands
from podnet.cli import app as application
from podnet.cli.app import app
from podnet.errors import UserError
from podnet.lab.home import PROJECT

HEAVY = ("pulumi", "pulumi_aws", "pulumi_kubernetes", "moto", "kubernetes", "werkzeug", "pydantic")
PROBE_AND_FABRIC = (
    "asyncio",
    "ssl",
    "dns",
    "urllib.request",
    "podnet.probe.run",
    "podnet.lab.kubernetes.services",
    "podnet.lab.cloud.fabric",
    "podnet.lab.cloud.lifecycle",
    "podnet.lab.images.debian",
)
"""What sends packets, and what starts and ends a cloud."""
LOADED = f"""
import sys
from click.testing import CliRunner
import podnet.lab.commands
from podnet.cli.app import app

done = CliRunner().invoke(app, sys.argv[1:])
print(done.output)
print("loaded", *sorted({{*{HEAVY + PROBE_AND_FABRIC}, "boto3"}} & sys.modules.keys()))
"""
COMMANDS = list(app.commands)


def loaded(*words):
    """The output of a command in a process of its own, and the heavy modules it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )
    output, _, modules = done.stdout.rpartition("loaded")
    return output, set(modules.split())


def test_help_lists_every_command_and_loads_none():
    output, modules = loaded("--help")

    assert all(name in output for name in COMMANDS)
    assert modules == set()


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("matrix",),
        ("exec", "node-1", "true"),
        ("pod", "rm", "pod-1a"),
        ("kubectl", "get", "nodes"),
        ("stack",),
        ("switch", "overlay"),
        ("roll",),
        ("verify",),
        ("trace", "node-1", "node-2"),
        ("down", "--help"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_loads_no_engine_and_no_cloud_before_it_needs_them(tmp_path, words):
    # In a directory without a lab each ends after all its imports.
    _, modules = loaded("--lab", str(tmp_path / "none"), *words)

    assert not modules & set(HEAVY)


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("matrix",),
        ("exec", "node-1", "true"),
        ("pod", "--help"),
        ("pod", "rm", "pod-1a"),
        ("kubectl", "get", "nodes"),
        ("stack",),
    ],
    ids=" ".join,
)
def test_a_command_that_deploys_nothing_loads_no_probe_and_no_fabric_at_its_start(tmp_path, words):
    _, modules = loaded("--lab", str(tmp_path / "none"), *words)

    assert modules == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_in_the_list_is_the_first_line_of_the_commands_own(name):
    registered = app.commands[name]

    assert registered.help == registered.load().help.partition("\n\n")[0].replace("\n", " ")


@pytest.mark.parametrize(
    ("words", "incomplete", "found"),
    [
        ([], "sta", {"stack", "status"}),
        (["status"], "--s", {"--stack"}),
        (["pod"], "", {"add", "rm", "exec"}),
        (["switch"], "ho", {"host-gw"}),
        (["up", "--engine"], "", {"auto", "pulumi", "embedded"}),
    ],
    ids=["a command", "an option", "a command of a group", "a mode", "an engine"],
)
def test_a_shell_completes_words_of_commands_that_are_not_loaded(words, incomplete, found):
    completion = ShellComplete(app, {}, "podnet", "_PODNET_COMPLETE")

    assert {item.value for item in completion.get_completions(words, incomplete)} == found


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_what_a_shell_evaluates_calls_podnet_by_the_name_that_completes(shell):
    done = CliRunner().invoke(app, ["--show-completion", shell])

    assert done.exit_code == 0
    assert f"_PODNET_COMPLETE={shell}_complete" in done.output


def test_an_unknown_command_is_refused_with_the_exit_code_for_bad_usage():
    assert CliRunner().invoke(app, ["statsu"]).exit_code == 2


@pytest.fixture
def ending(monkeypatch):
    """A command that ends with this error."""
    application.register("end", __name__, "End.")
    error = [None]
    commands = click.Group()

    @commands.command()
    def end():
        raise error[0]

    monkeypatch.setattr(application, "import_module", lambda _: sys.modules[__name__])
    monkeypatch.setitem(globals(), "commands", commands)
    monkeypatch.setattr(application, "_EXPLAINERS", [])
    monkeypatch.setattr(application, "_PLACES", [])
    monkeypatch.setattr(application, "entry_points", lambda **_: ())
    monkeypatch.setattr(sys, "argv", ["podnet", "end"])
    yield error.__setitem__
    del app.commands["end"]


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (KeyboardInterrupt(), 130, "interrupted; run the same command again"),
        (UserError("no such thing", rule="no-such-thing"), 1, "error: no such thing"),
        (SystemExit(3), 3, ""),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere"),
            1,
            "error: /somewhere: No space left on device; mend that and run the same command again",
        ),
        (PermissionError(errno.EACCES, "Permission denied"), 1, "error: Permission denied; mend"),
    ],
    ids=["Ctrl-C", "an error", "its own code", "a full disk", "no permission"],
)
def test_a_command_ends_with_a_sentence_and_the_right_exit_code(
    ending, capsys, error, code, sentence
):
    ending(0, error)

    with pytest.raises(SystemExit) as caught:
        application.main()

    assert caught.value.code == code
    assert sentence in capsys.readouterr().err


def test_a_fault_of_podnet_itself_keeps_its_places(ending):
    ending(0, ZeroDivisionError("a fault"))

    with pytest.raises(ZeroDivisionError):
        application.main()
