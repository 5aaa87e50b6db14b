"""The command `podnet` as a person runs it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from podnet.lab.cloud import process
from podnet.lab.home import PROJECT, Home
from podnet.system.waiting import wait_until

pytestmark = pytest.mark.lab

UP = ("up", "--engine", "embedded", "-c", "nodeCount=2")
SECONDS = 120


def command(directory, *arguments):
    return [sys.executable, "-m", "podnet.cli", "--lab", str(directory), *arguments]


@pytest.fixture(scope="module")
def directory():
    directory = Path(tempfile.mkdtemp(prefix="podnet-"))
    yield directory
    subprocess.run(command(directory, "down"), cwd=PROJECT, check=True)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def podnet(directory):
    def run(*arguments):
        return subprocess.run(
            command(directory, *arguments),
            cwd=PROJECT,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture(scope="module")
def two_ups(directory):
    """What two people see who say `up` at the same moment."""
    both = [
        subprocess.Popen(
            command(directory, *UP),
            cwd=PROJECT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    return [(each.communicate(timeout=300), each.returncode) for each in both]


def test_two_ups_at_once_deploy_one_stack(two_ups):
    assert [code for _, code in two_ups] == [0, 0], two_ups
    said = "".join(error for (_, error), _ in two_ups)
    assert "create, 0 unchanged" in said
    assert "nothing to change" in said
    assert all("30 pairs: 30 passed, 0 failed" in out for (out, _), _ in two_ups)


@pytest.mark.usefixtures("two_ups")
def test_the_matrix_for_machines_names_what_failed_and_why(podnet):
    green = podnet("matrix", "--json")
    podnet("pod", "exec", "pod-1a", "--", "ip", "link", "set", "eth0", "down")
    red = podnet("matrix", "--json")
    podnet("pod", "rm", "pod-1a")
    podnet("pod", "add", "node-1", "pod-1a")

    assert green.returncode == 0
    verdict = json.loads(green.stdout)
    assert (verdict["pairs"], verdict["passed"], verdict["failed"]) == (30, 30, [])
    assert red.returncode == 1
    failed = json.loads(red.stdout)["failed"]
    assert {("pod-1a", "pod-2a"), ("pod-2a", "pod-1a")} <= {
        (each["from"], each["to"]) for each in failed
    }
    assert all(set(each) == {"from", "to", "check", "reason"} for each in failed)


@pytest.mark.usefixtures("two_ups")
def test_a_pod_is_added_entered_and_removed(podnet):
    added = podnet("pod", "add", "node-2", "web")
    entered = podnet("pod", "exec", "web", "--", "ip", "-br", "-4", "address")
    removed = podnet("pod", "rm", "web")
    status = podnet("status")

    assert added.stdout.startswith("web has 10.1.2.")
    assert added.stdout.split()[2] in entered.stdout
    assert (removed.returncode, "web" in status.stdout) == (0, False)
    assert "pod-2a" in status.stdout


@pytest.mark.usefixtures("two_ups")
def test_a_preview_shows_only_what_a_third_node_needs(podnet):
    shown = podnet("preview", "-c", "nodeCount=3").stdout

    lines = shown.splitlines()

    assert [line.split()[1:] for line in lines if not line.startswith("   ")] == [
        # Its tag says which nodes are to be there.
        ["update", "aws:ec2/vpc:Vpc", "network"],
        ["create", "aws:ssm/parameter:Parameter", "acknowledgements-a-node-3"],
        ["create", "aws:ec2/instance:Instance", "nodes-a-node-3"],
        ["create", "aws:ec2/tag:Tag", "assigned-release-a-node-3"],
        ["create", "aws:ec2/route:Route", "pod-routes-a-node-3"],
        ["create", "aws:ec2/tag:Tag", "routing-mode-a-node-3"],
    ]
    assert [line for line in lines if "podnet:nodes" in line and "1-3" in line]


@pytest.mark.usefixtures("two_ups")
def test_the_plan_of_a_preview_is_proved_with_the_node_that_it_adds(podnet, tmp_path):
    planned = podnet("preview", "-c", "nodeCount=3", "--json")
    (tmp_path / "plan.json").write_text(planned.stdout)
    proof = podnet("verify", "--plan", str(tmp_path / "plan.json"), "--json")

    assert proof.returncode == 0, proof.stderr
    ends = {end for each in json.loads(proof.stdout)["verdicts"] for end in each["from"]}
    assert {"node-3", "pods of node-3"} <= ends


@pytest.mark.usefixtures("two_ups")
def test_a_setting_that_cannot_work_is_one_message_and_changes_nothing(podnet):
    refused = podnet(*UP[:3], "-c", "podCidr=192.168.0.0/16", "-c", "nodeCnt=3")

    assert refused.returncode == 1
    assert "podnet:nodeCnt is not a setting of podnet; did you mean podnet:nodeCount?" in (
        refused.stderr
    )
    assert "overlaps" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert podnet("matrix").returncode == 0


@pytest.mark.usefixtures("two_ups")
def test_a_lost_state_is_refused_and_its_backup_brings_it_back(podnet, directory):
    state = Home.open(directory).state("lab")
    backup = state.with_name(f"{state.name}.backup")
    kept = state.read_bytes()
    state.unlink()
    lost = podnet(*UP)
    spare = backup.rename(backup.with_name("elsewhere"))
    lost_without_backup = podnet(*UP)
    spare.rename(state)
    preview = podnet("preview")

    assert (lost.returncode, lost_without_backup.returncode) == (1, 1)
    assert f"`cp {backup} {state}`" in " ".join(lost.stderr.split())
    assert "in use, with the tags of this stack" in lost_without_backup.stderr
    assert "Traceback" not in lost.stderr + lost_without_backup.stderr
    assert state.read_bytes() == kept
    assert (preview.returncode, preview.stdout) == (0, "")
    assert podnet("matrix").returncode == 0


@pytest.mark.usefixtures("two_ups")
def test_a_dead_cloud_is_named_and_the_next_up_starts_again(podnet, directory):
    home = Home.open(directory)
    kill_cloud(home)
    refused = podnet("matrix"), podnet("preview")
    state = home.state("lab")
    up = subprocess.Popen(command(directory, *UP), cwd=PROJECT, stderr=subprocess.PIPE, text=True)
    assert wait_until(lambda: process.running(home) and state.exists(), SECONDS)
    kill_cloud(home)
    killed = up.communicate(timeout=SECONDS)[1]
    again = podnet(*UP)
    matrix = podnet("matrix", "--json")

    for each in refused:
        assert each.returncode == 1
        assert "the lab's cloud is not running, and what it held is gone" in each.stderr
    assert up.returncode == 1
    assert "Traceback" not in killed
    assert killed.splitlines()[-1].startswith("error: the lab's cloud is not running")
    for text in (killed, again.stderr):
        assert "the lab's cloud has ended, and with it all that was deployed to it (lab)" in text
    assert again.returncode == 0, again.stderr
    assert json.loads(matrix.stdout)["passed"] == 30
    assert len([*home.instances.iterdir()]) == 2


@pytest.mark.usefixtures("two_ups")
def test_down_clears_all_that_a_dead_cloud_left(podnet, directory):
    home = Home.open(directory)
    kill_cloud(home)

    down = podnet("down")

    assert down.returncode == 0
    assert not directory.exists()
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert home.id not in names.stdout
    assert str(directory) not in Path("/proc/mounts").read_text()
    assert not list(Path("/sys/fs/cgroup").glob(f"*/*{home.id}*"))
    assert not [
        file
        for file in Path("/proc").glob("[0-9]*/cmdline")
        if str(directory).encode() in _read(file)
    ]


def kill_cloud(home):
    os.kill(int(home.cloud_pid.read_text()), signal.SIGKILL)
    assert wait_until(lambda: process.pid(home) is None, SECONDS)


def _read(file):
    try:
        return file.read_bytes()
    except OSError:
        return b""
