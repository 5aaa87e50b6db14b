"""What reads an AWS account, turned to the lab's own endpoint."""

import json

import pytest
from click.testing import CliRunner

from podnet.cli.app import app
from podnet.errors import UserError
from podnet.lab.cloud import lifecycle
from podnet.lab.engines.embedded import EngineError
from podnet.lab.nodes.agent_state import agent_state
from podnet.system.waiting import wait_until
from tests.lab.modes.faults import Vpc

pytestmark = pytest.mark.lab

SAID_SECONDS = 90
"""What acknowledges waits 30 s for a state of the agent, and then takes its turn."""


@pytest.fixture
def run(lab, monkeypatch, tmp_path):
    """Run a command as somebody whose account is the lab's."""
    lab.change(routing="vpc-routes")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.stack.endpoint)
    monkeypatch.setenv("AWS_REGION", lab.stack.region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "lab")

    def command(*words):
        done = CliRunner().invoke(app, ["--lab", str(lab.home.directory), *map(str, words)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout

    return command


def test_an_account_is_proved_as_the_lab_is(lab, run, tmp_path):
    file = tmp_path / "world.json"
    whole = run("verify", "--json")

    assert whole[0] == 0
    assert run("verify", "--live", "--json", "--save", file) == whole
    assert run("verify", "--live", "--stack", "lab", "--json") == whole
    assert run("verify", "--file", file, "--json") == whole

    with Vpc(lab).check("node-2"):
        lifecycle.wait_until_applied(lab.home)
        broken = run("verify", "--json")
        assert run("verify", "--live", "--json") == broken
        assert broken[0] == 1
        traced = run("trace", "pod-1a", "pod-2a", "--packets", "--json")
    lifecycle.wait_until_applied(lab.home)

    found = json.loads(traced[1])
    assert traced[0] == 1
    assert [way["failure"]["cause"] for way in found["ways"]] == [
        "destination-check",
        "source-check",
    ]
    assert [bool(each["reason"]) for each in found["packets"]] == [True] * 6


def test_paper_and_packets_of_one_pair_stand_side_by_side(lab, run):
    for target, questions in (("pod-3b", 6), ("node-4", 6), ("internet", 1)):
        code, text = run("trace", "pod-1a", target, "--packets", "--json")

        found = json.loads(text)
        assert (code, [each["reason"] for each in found["packets"]]) == (0, [None] * questions)
        assert [way["failure"] for way in found["ways"]] == [None] * len(found["ways"])

    address = next(str(pod.address) for pod in lab.pods if pod.name == "pod-2a")
    code, text = run("trace", "--live", "10.1.1.200", address)
    assert code == 0
    assert "the answer:" in text


def routings(run):
    """The assigned and the applied routing of each node, as the account shows them."""
    code, text = run("status", "--live", "--json")
    assert code == 0
    nodes = json.loads(text)["nodes"]
    return {
        each["name"]: (each["routing"]["assigned"], each["routing"]["applied"]) for each in nodes
    }


def test_an_account_shows_the_routing_that_the_lab_shows(lab, run):
    by_agents = {node.name: agent_state(node).routing for node in lab.nodes}
    (routing,) = {*by_agents.values()}

    assert routings(run) == dict.fromkeys(by_agents, (routing, routing))
    found = json.loads(run("status", "--live", "--json")[1])
    assert (found["settled"], found["routes"], found["remarks"]) == (routing, [], [])
    assert {each["instance"] for each in found["nodes"]} == {*lab.instance_ids().values()}
    assert all(each["files"]["applied"] == each["files"]["assigned"] for each in found["nodes"])
    # Each column breaks where it must, so word by word.
    mode, words = routing.partition(" ")[0], lab.podnet("status").split()
    assert (words.count(mode), words.count("assigned:")) == (len(by_agents), 0)


@pytest.mark.long
def test_a_node_whose_agent_is_stopped_in_a_switch_is_shown_behind(lab, run):
    before, node = agent_state(lab.node("node-2")).routing, lab.node("node-2")
    others = {each.name for each in lab.nodes} - {"node-2"}
    node.run("systemctl", "stop", "podnet-agent")
    try:
        with pytest.raises((UserError, EngineError), match="have not applied the routing"):
            lab.up(routing="host-gw", settleTimeout=10)
        stopped = routings(run)
        words = lab.podnet("status").split()

        # A while later the node says by itself that its agent does not run.
        def named():
            said.append(run("status", "--live")[1])
            return "node-2 is not ready: podnet-agent.service has not run" in said[-1]

        said = []
        assert wait_until(named, SAID_SECONDS), said[-1]
        later = routings(run)
    finally:
        node.run("systemctl", "start", "podnet-agent")
        lab.up()

    wanted = before.replace("vpc-routes", "host-gw")
    assert stopped == {**dict.fromkeys(others, (wanted, wanted)), "node-2": (wanted, before)}
    # Of node-2 the routing, and the release, which only an agent says.
    assert [words.count(each) for each in ("assigned:", "host-gw", "vpc-routes")] == [2, 4, 1]
    assert later["node-2"] == (wanted, None)
    assert "a switch goes on, or was cut off" in " ".join(said[-1].split())
    assert "stale route" in said[-1]
    assert {*routings(run).values()} == {(before, before)}
