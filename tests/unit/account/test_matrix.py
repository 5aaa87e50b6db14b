"""The matrix of bare nodes by Run Command: what is sent, and what each answer becomes."""

import pytest
from botocore.exceptions import ClientError

from docs.command_statements import MATRIX
from podnet.account import matrix, run_command, stacks
from podnet.account.matrix import Probe, probe_nodes
from podnet.account.run_command import document
from podnet.verify.choice import subject
from tests.refusals import refused
from tests.unit.account.conftest import REGION
from tests.unit.account.systems_manager import FakeSsm


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(run_command, "POLL", 0.001)


@pytest.fixture
def ssm(dev):
    return FakeSsm(dev.nodes)


def probe(ssm, warnings=None, nodes=None, seconds=1):
    found = stacks.find(None, None, REGION)
    warn = ([] if warnings is None else warnings).append
    wanted = Probe(seconds=seconds, timeout=1.0, note=lambda _: None, warn=warn)
    return probe_nodes(subject(found.world, found.vpc, nodes), ssm, wanted)


def actions(ssm):
    return [each[0] for each in ssm.sent]


def rows(number):
    return f"node-{number}", f"pod-{number}a", f"pod-{number}b"


def test_every_node_starts_is_asked_and_is_stopped(ssm):
    found = probe(ssm)

    assert found.endpoints == (
        *("pod-1a", "pod-1b", "pod-2a", "pod-2b", "pod-3a", "pod-3b"),
        *("node-1", "node-2", "node-3"),
    )
    assert (found.pairs, found.passed, found.failed, found.missing) == (72, 72, (), {})
    # Three checks a pair, both ways between the containers of six pods, metadata for each.
    assert len(found.results) == 72 * 3 + 6 * 2 + 9
    assert actions(ssm) == ["start", "request", "request", "stop"]
    assert list(ssm.documents) == [document().name]


def test_the_policy_allows_what_is_called_and_nothing_else(ssm, dev):
    called = {"ssm:DescribeInstanceInformation"}

    class Recorded:
        def __getattr__(self, name):
            if name not in ("exceptions", "get_paginator"):
                called.add(f"ssm:{name.title().replace('_', '')}")
            return getattr(ssm, name)

    probe(Recorded())
    allowed = {action for statement in MATRIX for action in statement.actions}

    assert called == {action for action in allowed if action.startswith("ssm:")}


def test_a_document_that_is_there_is_not_made_again(ssm):
    ssm.documents[document().name] = "as it is"
    probe(ssm)

    assert ssm.documents == {document().name: "as it is"}


STDERR = "a\nno conflist\nfailed to run commands: exit status 1"
BROKEN = {
    "timed out": (
        {"Status": "TimedOut", "StatusDetails": "Execution Timed Out"},
        "its command timed out after 1 s (Execution Timed Out)",
    ),
    "failed": (
        {"Status": "Failed", "ResponseCode": 1, "StandardErrorContent": STDERR},
        "its command ended as Failed: no conflist",
    ),
    "failed without words": (
        {"Status": "Failed", "ResponseCode": 127, "StandardErrorContent": ""},
        "its command ended as Failed: code 127",
    ),
    "cut off": (
        {"Status": "Success", "StandardOutputContent": "A" * 24_000},
        "its answer is longer than the 24000 characters that Run Command returns",
    ),
}


@pytest.mark.parametrize(("outcome", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_node_whose_command_fails_is_a_failed_row_and_the_others_count(ssm, outcome, reason):
    ssm.broken["node-2", "start"] = outcome
    found = probe(ssm)

    assert found.missing == dict.fromkeys(rows(2), reason)
    assert (found.pairs, found.passed) == (72, 30)
    assert actions(ssm)[-1] == "stop"


def test_a_node_that_falls_silent_after_its_start_is_a_failed_row(ssm):
    ssm.broken["node-2", "request"] = {"Status": "TimedOut", "StatusDetails": "x"}
    found = probe(ssm)

    assert found.missing == dict.fromkeys(rows(2), "its command timed out after 1 s (x)")


def test_agents_that_are_away_are_sent_nothing_and_their_rows_say_so(ssm, dev):
    two, three = dev.nodes["node-2"], dev.nodes["node-3"]
    ssm.pings[two] = "ConnectionLost"
    del ssm.pings[three]
    found = probe(ssm)

    assert found.missing == {
        **dict.fromkeys(rows(2), f"the SSM agent of node-2 ({two}) is offline: ConnectionLost"),
        **dict.fromkeys(
            rows(3),
            f"no SSM agent of node-3 ({three}) has registered; podnet:sessionManager installs one",
        ),
    }
    assert {each for _, instances, _ in ssm.sent for each in instances} == {dev.nodes["node-1"]}


def test_nodes_that_are_stopped_or_not_there_are_failed_rows(ssm, dev):
    dev.ec2.stop_instances(InstanceIds=[dev.nodes["node-3"]])
    found = probe(ssm, nodes="1-4")

    assert found.missing == {
        **dict.fromkeys(rows(4), "node-4 has no instance"),
        **dict.fromkeys(rows(3), "node-3 is stopped"),
    }


def test_a_stack_of_which_no_node_runs_is_refused(ssm, dev):
    dev.ec2.stop_instances(InstanceIds=list(dev.nodes.values()))
    with refused("stack-without-running-nodes"):
        probe(ssm)


def test_a_node_that_cannot_be_stopped_is_a_warning(ssm):
    ssm.broken["node-2", "stop"] = {"Status": "TimedOut", "StatusDetails": "x"}
    warnings = []

    assert probe(ssm, warnings).failed == ()
    (warning,) = warnings
    assert warning.startswith("node-2 keeps its pods for half an hour: its command timed out")


def test_pods_are_removed_after_ctrl_c(ssm, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(matrix, "probe_site", interrupted)
    with pytest.raises(KeyboardInterrupt):
        probe(ssm)

    assert actions(ssm) == ["start", "stop"]


def test_a_permission_that_is_missing_is_named_with_the_policy(ssm, monkeypatch):
    def denied(**_):
        error = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
        raise ClientError(error, "SendCommand")

    monkeypatch.setattr(ssm, "send_command", denied)
    with refused("permission-missing") as caught:
        probe(ssm)

    assert "the permission ssm:SendCommand is missing" in str(caught.value)
    assert "docs/iam/matrix.json" in str(caught.value)
