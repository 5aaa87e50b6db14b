"""The Pulumi CLI as users run it: in a clone, by its own commands, at the lab's API."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from podnet.lab.providers.aws.plugin import install as install_aws
from tests.cli.conftest import IMAGE, ROOT
from tests.unit.lab.providers.aws.test_importing import UNREADABLE, import_id

pytestmark = pytest.mark.cli

SECONDS = 30.0
"""How long what a killed CLI started may take to end, on a loaded machine."""


@pytest.fixture
def clone(project):
    """The program in a repository of its own, with nothing to commit."""
    shutil.copy(ROOT / ".gitignore", project)
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", "all"],
    ):
        subprocess.run(["git", *command], cwd=project, check=True)
    return project


@pytest.fixture
def environment(tmp_path, endpoint):
    """What a user sets: a Pulumi home, a backend of files, a passphrase; and the lab's API."""
    home, backend = tmp_path / "pulumi-home", tmp_path / "backend"
    backend.mkdir()
    install_aws(home)
    return {
        **os.environ,
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": "correct horse",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_ENDPOINT_URL": endpoint,
    }


@pytest.fixture
def pulumi(clone, environment):
    """Runs the CLI in the clone; its exit code and its output."""

    def run(*arguments):
        return subprocess.run(
            ["pulumi", "--non-interactive", "--color", "never", *arguments],
            cwd=clone,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )

    return run


@pytest.fixture
def own_stack(clone, pulumi):
    """A stack of the user's own, as docs/getting-started-aws.md makes one."""
    shutil.copy(clone / "stacks/Pulumi.dev.yaml", clone / "stacks/Pulumi.my-dev.yaml")
    made = pulumi("stack", "init", "my-dev")
    assert made.returncode == 0, made.stdout
    chosen = pulumi("config", "set", "podnet:imageId", IMAGE)
    assert chosen.returncode == 0, chosen.stdout
    return clone


def git_status(clone):
    return subprocess.check_output(["git", "status", "--porcelain"], cwd=clone, text=True)


def test_a_stack_of_ones_own_leaves_the_clone_clean(own_stack):
    written = (own_stack / "stacks/Pulumi.my-dev.yaml").read_text()

    assert "encryptionsalt" in written
    assert git_status(own_stack) == ""


def test_a_wrong_setting_ends_in_one_error(own_stack, pulumi):
    pulumi("config", "set", "podnet:routing", "magic")
    pulumi("config", "set", "podnet:zones", "7")
    shown = pulumi("preview")

    assert shown.returncode != 0
    assert "zones must be" in shown.stdout
    assert "magic" in shown.stdout
    assert "Traceback" not in shown.stdout
    errors = {line.strip() for line in shown.stdout.splitlines() if re.match(r"\s*error: ", line)}
    assert errors == {"error: 2 problems in the settings of this stack:"}


def test_what_a_killed_cli_started_ends_by_itself(own_stack, environment):
    """A kill -9 in mid-deployment, while resources are being created."""
    with subprocess.Popen(
        ["pulumi", "--non-interactive", "--color", "never", "up", "--yes", "--skip-preview"],
        cwd=own_stack,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        for line in running.stdout:
            if "created" in line:
                break
        plugins = [os.pidfd_open(pid) for pid in plugins_of(running.pid)]
        running.send_signal(signal.SIGKILL)
        running.wait()
        started = len(plugins)
        ended = all(select.select([plugin], [], [], SECONDS)[0] for plugin in plugins)
        for plugin in plugins:
            os.close(plugin)

    assert (started, ended) == (1, True)


def plugins_of(parent):
    """The ids of the resource plugins that a process has started."""
    children = Path(f"/proc/{parent}/task").glob("*/children")
    pids = [int(pid) for file in children for pid in file.read_text().split()]
    return [
        pid for pid in pids if b"pulumi-resource-aws" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_what_was_imported_is_left_alone_by_the_next_preview(own_stack, pulumi, tmp_path):
    """Every AWS resource of the stack is lost from the state, and imported by its name."""
    assert pulumi("up", "--yes", "--skip-preview").returncode == 0
    whole = json.loads(pulumi("stack", "export").stdout)
    resources = whole["deployment"]["resources"]
    lost = [each for each in resources if each["type"].startswith("aws:")]
    whole["deployment"]["resources"] = [
        {key: value for key, value in each.items() if not key.endswith("ependencies")}
        for each in resources
        if each not in lost
    ]
    (tmp_path / "state.json").write_text(json.dumps(whole))
    assert pulumi("stack", "import", "--file", str(tmp_path / "state.json")).returncode == 0
    (tmp_path / "import.json").write_text(json.dumps(import_file(lost)))

    done = pulumi(
        "import",
        "--file",
        str(tmp_path / "import.json"),
        "--yes",
        "--protect=false",
        # Compressed user data is no text, and the CLI cannot print a program with it.
        "--generate-code=false",
    )
    after = pulumi("preview", "--json")

    assert len(lost) > 20
    assert done.returncode == 0, done.stdout
    changed = {
        (step["op"], step["newState"]["type"], *step.get("detailedDiff", {}))
        for step in json.loads(after.stdout[after.stdout.index("{") :])["steps"]
        if step["op"] != "same"
    }
    assert changed == {("update", type_, *properties) for type_, properties in UNREADABLE.items()}
    assert pulumi("up", "--yes", "--skip-preview").returncode == 0
    assert pulumi("preview", "--expect-no-changes").returncode == 0


def import_file(lost):
    """What `pulumi import --file` takes, with each resource by the name its provider imports."""
    parents = {each["parent"] for each in lost}
    return {
        "nameTable": {f"component {parent}": parent for parent in parents},
        "resources": [
            {
                "type": each["type"],
                "name": each["urn"].rpartition("::")[2],
                "id": import_id(each["type"], each["inputs"], each["id"]),
                "parent": f"component {each['parent']}",
                "version": version("pulumi_aws"),
            }
            for each in lost
        ],
    }
