"""Why a node cannot take pods, from the files of its instance."""

import json
import os
import time

import pytest

from podnet.lab.nodes.agent_state import AgentState, agent_state
from podnet.lab.nodes.discovery import NO_USER_DATA, why_not_ready


class FakeNode:
    """A node with this file system, whose agent is active."""

    files = ""

    def __init__(self, root):
        self.root = root

    def run(self, *_argv, **_options):
        return ""


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"etc/cni/net.d/10-mynet.conflist": "{}"}, None),
        ({"etc/cni/net.d/10-mynet.conflist": "{}", "run/cloud-init/cloud-id": "none"}, None),
        ({}, "/etc/cni/net.d/10-mynet.conflist is not there yet"),
        ({"run/cloud-init/cloud-id": "aws\n"}, "/etc/cni/net.d/10-mynet.conflist is not there yet"),
        (
            {"run/cloud-init/cloud-id": "none\n"},
            "cloud-init could not read the metadata service, and so no user data; reboot it",
        ),
        *(
            (
                {"run/cloud-init/status.json": json.dumps({"v1": {"stage": stage}})},
                f"cloud-init {does} (stage {stage})",
            )
            for stage, does in (
                ("init-local", "reads the metadata service"),
                ("init", "reads the metadata service"),
                ("modules-final", "runs the user data"),
            )
        ),
        (
            {"run/cloud-init/status.json": '{"v1": {"stage": null}}'},
            "/etc/cni/net.d/10-mynet.conflist is not there yet",
        ),
        (
            {"run/cloud-init/status.json": "{"},
            "/etc/cni/net.d/10-mynet.conflist is not there yet",
        ),
    ],
    ids=[
        "ready",
        "ready all the same",
        "nothing yet",
        "user data runs",
        "no metadata",
        "local",
        "network",
        "final",
        "between",
        "half written",
    ],
)
def test_a_node_without_a_conflist_says_what_it_waits_for(tmp_path, files, reason):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert why_not_ready(FakeNode(tmp_path)) == reason


@pytest.fixture
def node(tmp_path):
    """A node with a conflist, whose agent says this."""
    (tmp_path / "etc/cni/net.d").mkdir(parents=True)
    (tmp_path / "etc/cni/net.d/10-mynet.conflist").write_text("{}")
    (tmp_path / "run/podnet-agent").mkdir(parents=True)

    def make(age=0, **said):
        file = tmp_path / "run/podnet-agent/state.json"
        silent = {
            "files": "podnet-base",
            "problems": [],
            "warnings": [],
            "routing": None,
            "repairs": 0,
        }
        file.write_text(json.dumps(silent | said))
        os.utime(file, (time.time() - age,) * 2)
        return FakeNode(tmp_path)

    return make


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, None),
        ({"warnings": ["routing: dead; the last one stays"]}, None),
        (
            {"problems": ["ports: veth1 is out", "node: no link"]},
            "ports: veth1 is out; node: no link",
        ),
        ({"age": 19}, None),
        ({"age": 31}, "the agent has not polled for 31 s; systemd restarts it after 40"),
    ],
    ids=["fine", "warned", "problems", "slow", "frozen"],
)
def test_a_node_is_ready_as_far_as_its_agent_says_so(node, said, reason):
    assert why_not_ready(node(**said)) == reason


def test_what_the_agent_says_is_there_before_the_conflist_is(node, tmp_path):
    subject = node(problems=["identity: dead"])
    (tmp_path / "etc/cni/net.d/10-mynet.conflist").unlink()

    assert why_not_ready(subject) == "identity: dead"


def test_the_state_of_an_agent_is_read_whole(node):
    assert agent_state(node(routing="overlay zones=1", repairs=2, warnings=["w"])) == AgentState(
        files="podnet-base",
        problems=(),
        warnings=("w",),
        routing="overlay zones=1",
        repairs=2,
    )


def test_an_agent_that_writes_none_has_none(tmp_path):
    assert agent_state(FakeNode(tmp_path)) is None


def test_the_link_that_cloud_init_makes_is_followed_inside_the_instance(tmp_path):
    folder = tmp_path / "run/cloud-init"
    folder.mkdir(parents=True)
    (folder / "cloud-id-none").write_text("none\n")
    (folder / "cloud-id").symlink_to("/run/cloud-init/cloud-id-none")

    assert why_not_ready(FakeNode(tmp_path)) == NO_USER_DATA


@pytest.mark.parametrize(
    ("routing", "reason"),
    [
        (
            "external-calico zones=1 vni=1 port=8472",
            "/etc/cni/net.d has no conflist yet: that of calico",
        ),
        ("overlay zones=1 vni=1 port=8472", "/etc/cni/net.d/10-mynet.conflist is not there yet"),
    ],
)
def test_beside_another_cni_a_node_says_whose_conflist_it_waits_for(node, routing, reason):
    waiting = node(routing=routing)
    for file in (waiting.root / "etc/cni/net.d").glob("*"):
        file.unlink()

    assert why_not_ready(waiting) == reason
