"""Nodes that boot with what operators add, whose failure costs the network nothing."""

import json

import pytest

from podnet.lab.nodes.agent_state import agent_state
from podnet.system.waiting import wait_until

pytestmark = pytest.mark.lab

SECONDS = 60
FAILING = "echo trying; no-such-command --once"
EXTRA = {
    "bootcmd": ["echo early > /run/early"],
    "write_files": [{"path": "/srv/extra/text", "content": "a 'b'\n", "permissions": "0640"}],
    "runcmd": [["touch", "/srv/extra/a file"], FAILING, "cp /srv/extra/text /srv/extra/copy"],
}


@pytest.fixture(scope="module")
def lab(make_lab):
    lab = make_lab()
    lab.stack.save({"podnet:extraUserData": json.dumps(EXTRA)})
    lab.up(nodeCount=2)
    return lab


def test_files_and_commands_take_effect_and_pods_reach_each_other(lab):
    for node in lab.nodes:
        ended = node.run("sh", "-c", "cloud-init status --wait || true", timeout=60)
        assert ended.split()[-2:] == ["status:", "error"]
        assert node.run("stat", "-c", "%a", "/srv/extra/text").strip() == "640"
        assert node.run("cat", "/srv/extra/copy", "/run/early") == "a 'b'\nearly\n"
        assert "a file\n" in node.run("ls", "/srv/extra")

    assert lab.red() == set()


def test_a_command_that_fails_is_named_by_the_console_and_by_status(lab):
    named = f"runcmd 2 of extraUserData, {FAILING}, ended with 127"

    for node in lab.nodes:

        def is_named(node=node):
            console = lab.ec2.get_console_output(InstanceId=node.instance_id)["Output"]
            state = agent_state(node)
            return named in console and state and f"extraUserData: {named}" in state.warnings

        assert wait_until(is_named, SECONDS)

    for node in lab.nodes:
        warning = f"{node.name}: extraUserData: {named}"
        assert warning in lab.status(warning)
