"""Another release on all nodes under traffic; one that is never ready, cut off, or not as named."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import podnet.lab.commands  # noqa: F401  # registers the commands
from podnet.cli.app import app
from podnet.lab.clients import client
from podnet.lab.home import PROJECT
from podnet.lab.nodes import releases
from podnet.lab.nodes.agent_state import agent_state
from podnet.lab.operations.drills.update import POLICY, assign, readable
from podnet.system.commands import run
from podnet.system.waiting import wait_until
from podnet.userdata import release
from tests.lab.end_to_end.node_releases import (
    SECONDS,
    another,
    assigned,
    assigned_again,
    folder,
    runs,
    seen,
    updater,
    whole,
)

pytestmark = pytest.mark.lab


@pytest.fixture
def node(lab):
    return lab.stack.running_nodes()[0]


def test_an_update_and_one_that_is_never_ready_lose_nothing(lab):
    lab.stack.save({"podnet:nodeCount": "2"})

    ran = CliRunner().invoke(app, ["--lab", str(lab.home.directory), "drill", "update", "--json"])

    outcomes = json.loads(ran.stdout)
    assert [(each["case"], each["node"]) for each in outcomes] == [
        (case, node) for case in ("update", "never ready", "back") for node in ("node-1", "node-2")
    ]
    assert {(each["lost"], each["broken"]) for each in outcomes} == {(0, 0)}
    for each in outcomes:
        assert (each["from"] == each["to"]) == (each["case"] == "never ready")
        assert bool(each["refusal"]) == (each["case"] == "never ready")
    assert ran.exit_code == 0
    assert [releases.text(node) for node in lab.stack.running_nodes()] == ["", ""]


@pytest.mark.parametrize(
    "moments",
    [
        ["moved"],
        pytest.param(["fetched"], marks=pytest.mark.long),
        pytest.param(["trial"], marks=pytest.mark.long),
        pytest.param(["fetched", "moved"], marks=pytest.mark.long),
    ],
    ids=" then ".join,
)
def test_a_killed_updater_ends_its_update(lab, node, moments):
    old = whole(node)
    with assigned(lab, node, another(lab, f"killed when {moments}\n")) as name:
        for moment in moments:
            assert seen(moment, node, name)
            process = updater(node)
            node.run("kill", "-9", str(process))
            assert whole(node) in (old, name)
            assert wait_until(lambda: updater(node) not in (0, process), SECONDS)  # noqa: B023

        assert runs(node, name), releases.text(node)
        assert whole(node) == name


def without_power(lab, node):
    """The node after its machine failed and it booted again."""
    machine = int(Path(f"/proc/{node.pid}/status").read_text().partition("PPid:")[2].split()[0])
    os.kill(machine, signal.SIGKILL)

    def booted():
        again = [each for each in lab.stack.running_nodes() if each.name == node.name]
        return [each for each in again if each.pid != node.pid and agent_state(each)]

    (again,) = wait_until(booted, SECONDS)
    return again


@pytest.mark.long
@pytest.mark.parametrize("moment", ["fetched", "trial", "moved"])
def test_a_node_without_power_in_the_middle_boots_one_of_both(lab, node, moment):
    """What the kernel had not written is not lost here, where a real machine may lose it."""
    old = whole(node)
    with assigned(lab, node, another(lab, f"off when {moment}\n")) as name:
        assert seen(moment, node, name)
        booted = without_power(lab, node)

        assert whole(booted) in (old, name)
        assert runs(booted, name), releases.text(booted)
        assert whole(booted) == name
    lab.wait_until_applied()
    assert lab.red() == set()


@pytest.mark.long
def test_files_with_another_digest_are_refused_and_named(lab, node):
    """Also under the right name, which is the first digits of the digest."""
    texts, old = another(lab, "as named\n"), whole(node)
    digest = release.digest_of(texts)
    wrong = {"other": "not as named\n"}
    with readable(lab.stack, [texts]):
        name = release.piece(lab.stack.identity, digest, 1)
        right = lab.stack.ssm.get_parameter(Name=name)["Parameter"]["Value"]
        (value,) = release.pieces_of(wrong)
        lab.stack.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
        assign(lab.ec2, [node], digest)

        assert wait_until(lambda: "is not unpacked" in releases.text(node), SECONDS)
        refusal = f"holds {release.digest_of(wrong)} and not {digest}, so it is not unpacked"
        assert refusal in releases.text(node)
        assert refusal in lab.status(refusal)
        assert whole(node) == old
        assert agent_state(node).problems == ()

        lab.stack.ssm.put_parameter(Name=name, Value=right, Type="String", Overwrite=True)
        assert runs(node, folder(texts)), releases.text(node)
    assigned_again(lab, node)


@pytest.fixture
def no_ssm(lab):
    """What asks SSM gets no answer, from the fixture on until this is called."""
    inside = ("ip", "netns", "exec", lab.home.internet_namespace, "nft")
    rules = "table inet cut { chain input { type filter hook input priority 0; %s; }; }"
    run(*inside, rules % "tcp dport 443 drop")
    opened = []

    def open_again():
        if not opened:
            run(*inside, "delete table inet cut")
            opened.append(True)

    yield open_again
    open_again()


@pytest.mark.long
def test_a_node_that_never_reaches_ssm_has_its_network_from_its_user_data(lab, no_ssm):
    lab.up(nodeCount=3)
    node = lab.node("node-3")
    state = agent_state(node)

    assert lab.red() == set()
    assert whole(node) == state.files == "podnet-base"
    assert state.problems == ()
    (warning,) = state.warnings
    assert "runs its user data alone" in warning
    assert "no release: SSM parameter" in warning
    assert f"node-3: {warning}" in lab.status()

    booted = without_power(lab, node)
    lab.wait_until_applied()
    assert whole(booted) == "podnet-base"
    assert lab.red() == set()

    no_ssm()
    assert runs(booted, folder(release.files(lab.stack.settings()))), releases.text(booted)


def left_of_a_drill(lab, clients):
    """Parameters and policies that are no part of the stack."""
    own = release.digest(lab.stack.settings())[: release.SHORT]
    listed = clients["ssm"].describe_parameters()["Parameters"]
    iam = clients["iam"]
    policies = [
        (role["RoleName"], name)
        for role in iam.list_roles()["Roles"]
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
        if name == POLICY
    ]
    return [each["Name"] for each in listed if own not in each["Name"]] + policies


@pytest.fixture
def drill(lab):
    """A drill of updates in a process of its own, whose first release the nodes have."""
    own = release.digest(lab.stack.settings())
    process = subprocess.Popen(
        (sys.executable, "-m", "podnet.cli", "--lab", lab.home.directory, "drill", "update"),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert wait_until(lambda: {own} != assigned_releases(lab), SECONDS), process.communicate()[0]
    yield process
    if process.poll() is None:
        process.kill()
        process.communicate()


def assigned_releases(lab):
    return {node.files for node in lab.stack.running_nodes()}


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
def test_a_drill_that_is_cut_off_is_taken_back(lab, node, drill, how):
    """By itself where it can; else the next one takes back what it finds."""
    own = release.files(lab.stack.settings())
    clients = {name: client(name, lab.stack.endpoint, lab.stack.region) for name in ("iam", "ssm")}
    drill.send_signal(how)
    printed = drill.communicate(timeout=SECONDS)[0]

    assert "Traceback" not in printed
    if how is signal.SIGKILL:
        assert left_of_a_drill(lab, clients)
        lab.podnet("drill", "update")
    assert assigned_releases(lab) == {release.digest_of(own)}
    assert left_of_a_drill(lab, clients) == []
    assert runs(node, folder(own)), releases.text(node)
    assert whole(node) == folder(own)
