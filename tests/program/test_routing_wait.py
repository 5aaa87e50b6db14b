"""How a deployment waits until all nodes say that they have applied their routing."""

from __future__ import annotations

import pulumi
import pytest

from podnet.components import routing_wait
from tests.nodes import said
from tests.program.account import IDENTITY, Refused

OVERLAY, HOST_GW = (f"{word} zones=1 vni=1 port=8472" for word in ("overlay", "host-gw"))
TWO = {"routing": "overlay", "nodeCount": "2"}
NODES = [{"address": f"192.168.1.1{number}", "image": "ami-1"} for number in (1, 2)]


def instance(number):
    return f"nodes-a-node-{number}-id"


class Clock:
    """Time that passes only where the program sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    @property
    def passed(self) -> float:
        return self.now - 1000

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(routing_wait, "monotonic", clock.monotonic)
    monkeypatch.setattr(routing_wait, "sleep", clock.sleep)
    return clock


def answers(cloud, said_by):
    """Let the nodes, by their numbers, say what these functions return."""
    cloud.answers[cloud.SAID] = lambda _: {
        "names": [f"/podnet/{IDENTITY}/nodes/node-{number}" for number in said_by],
        "values": [value() for value in said_by.values()],
    }
    return cloud


def follows(number, clock, after, first=HOST_GW, then=OVERLAY):
    """A node that applies its routing after so many seconds."""
    return lambda: said(instance(number), first if clock.passed < after else then)


def error_of(cloud, **settings):
    with pytest.raises(pulumi.RunError) as caught:
        cloud.deploy(**TWO, **settings)
    return str(caught.value)


def test_nodes_that_have_said_so_are_asked_once(cloud, clock):
    cloud.deploy(**TWO)

    assert clock.passed == 0
    assert [token for token, _ in cloud.calls].count(cloud.SAID) == 1
    assert cloud.said == []


def test_rules_and_tag_wait_for_the_last_node(cloud, clock):
    there = []

    def second():
        there.append({(item.name, item.type.rpartition(":")[2]) for item in cloud.resources})
        return follows(2, clock, 60)()

    answers(cloud, {1: follows(1, clock, 30), 2: second}).deploy(**TWO)

    assert clock.passed == 60
    assert there[0] >= {("routing-mode-a-node-1", "Tag"), ("routing-mode-a-node-2", "Tag")}
    last = {("routing-mode-settled", "Tag"), ("routing-mode", "VpcSecurityGroupRulesExclusive")}
    assert last & there[-2] == set()
    (settled,) = (
        item["value"] for item in cloud.inputs("Tag").values() if item["key"] == "podnet:settled"
    )
    assert settled == OVERLAY
    seconds = [text.partition("nothing new for ")[2].partition(" s")[0] for _, text in cloud.said]
    assert seconds == ["", "10 of at most 300", "20 of at most 300"] * 2


def test_progress_names_the_way_out_once_half_of_the_time_has_passed(cloud, clock):
    error_of(answers(cloud, {1: follows(1, clock, 0), 2: lambda: "none"}), settleTimeout="60")

    texts = [text for _, text in cloud.said]
    assert texts[0] == "1 of 2 nodes say that they have applied the routing"
    assert texts[1].endswith("nothing new for 10 of at most 60 s; node-2: it never reported")
    assert ["get-console-output" in text for text in texts] == [False] * 3 + [True] * 3


def test_a_node_that_does_not_follow_ends_the_deployment_before_anything_goes(cloud, clock):
    text = error_of(
        answers(cloud, {1: follows(1, clock, 20), 2: follows(2, clock, 999)}), settleTimeout="60"
    )

    assert text.startswith(
        f"1 of 2 nodes have not applied the routing {OVERLAY!r}, and none has in "
        f"podnet:settleTimeout (60 s):\n  - node-2 ({instance(2)}): it has {HOST_GW!r}, as it said "
        "at 2026-11-29T12:00:00+00:00\n"
    )
    assert "deploy again, which goes on waiting" in text
    assert "set podnet:routing back" in text
    assert clock.passed == 80
    assert not {"routing-mode-settled"} & {item.name for item in cloud.resources}
    assert cloud.of("VpcSecurityGroupRulesExclusive") == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("none", "it never reported; `aws ec2 get-console-output --latest --output text "),
        (
            said("i-former", OVERLAY),
            "it never reported, only i-former did, which was this node before; `aws ec2 get-cons",
        ),
        (
            said(instance(2), None, "", "podnet-agent.service has not run for a while"),
            "its agent has applied none, as it said at 2026-11-29T12:00:00+00:00; podnet-agent",
        ),
        (
            said(instance(2), HOST_GW, "", "peers: refused", "links: gone"),
            f"it has {HOST_GW!r}, as it said at 2026-11-29T12:00:00+00:00; peers: refused; links",
        ),
        ("{}", "'{}' is nothing that a node of podnet writes"),
    ],
    ids=["silent", "its predecessor", "no agent", "problems", "another's"],
)
def test_a_laggard_is_named_with_what_it_said_last(cloud, clock, value, reason):
    text = error_of(answers(cloud, {1: follows(1, clock, 0), 2: lambda: value}))

    assert f"\n  - node-2 ({instance(2)}): {reason}" in text
    assert "node-1" not in text
    assert clock.passed == 300


def test_a_parameter_that_is_gone_is_named(cloud, clock):
    text = error_of(answers(cloud, {1: follows(1, clock, 0)}))

    assert f"- node-2 ({instance(2)}): its parameter is gone" in text


def test_a_stack_of_which_every_node_is_late_names_some_and_counts_the_others(cloud, clock):
    cloud.answers[cloud.SAID] = {"names": [], "values": []}
    with pytest.raises(pulumi.RunError, match=r"25 of 25 nodes(.|\n)*\n  - and 5 more\n") as caught:
        cloud.deploy(nodeCount="25")

    assert str(caught.value).count("  - node-") == 20


def test_parameters_that_cannot_be_read_are_named_with_the_permission(cloud, clock):
    def refuse(_):
        raise Refused

    cloud.answers[cloud.SAID] = refuse
    text = error_of(cloud)

    assert f"the parameters below /podnet/{IDENTITY}/nodes cannot be read" in text
    assert "ssm:GetParametersByPath" in text
    assert clock.passed == 0


def test_a_stopped_node_is_named_and_not_waited_for(cloud, clock):
    stopped = {**NODES[1], "podnet:routing": HOST_GW, "state": "stopped"}
    cloud.holds({**NODES[0], "podnet:routing": HOST_GW}, stopped, settled=HOST_GW)
    answers(cloud, {1: follows(1, clock, 30), 2: follows(2, clock, 999)}).deploy(**TWO)

    assert clock.passed == 30
    warnings = [text for loud, text in cloud.said if loud == "warning" and "not waited for" in text]
    assert [text.partition(":")[0] for text in warnings] == ["node-2 not waited for"]


def test_what_was_said_before_an_interrupted_switch_was_taken_up_is_believed_late(cloud, clock):
    tagged = [{**node, "podnet:routing": OVERLAY} for node in NODES]
    cloud.holds(*tagged, settled=HOST_GW)
    answers(cloud, {number: follows(number, clock, 0) for number in (1, 2)}).deploy(**TWO)

    assert routing_wait.DOUBT_SECONDS <= clock.passed <= routing_wait.DOUBT_SECONDS + 4


def test_what_was_said_since_is_believed_at_once(cloud, clock):
    tagged = [{**node, "podnet:routing": OVERLAY} for node in NODES]
    cloud.holds(*tagged, settled=HOST_GW)
    answers(cloud, {number: follows(number, clock, 2) for number in (1, 2)}).deploy(**TWO)

    assert clock.passed == 2


def test_a_preview_waits_for_no_node(cloud, clock):
    answers(cloud, {}).deploy(**TWO, dry_run=True)

    assert (clock.passed, cloud.said) == (0, [])


def test_a_thousand_nodes_are_looked_at_with_a_quarter_of_the_calls_of_an_account():
    wait = routing_wait.RoutingWait(
        stack="x", nodes=(None,) * 1000, routing="r", timeout_seconds=300, doubted={}
    )
    pages = len(wait.nodes) / routing_wait.PAGE

    assert pages / wait.poll_seconds <= 10
    assert wait.poll_seconds == 10
