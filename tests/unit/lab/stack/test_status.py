import json

from podnet.lab.kubernetes.members import Member
from podnet.lab.nodes.agent_state import AgentState
from podnet.lab.stack import status
from podnet.lab.stack.status import agent_problems, members_table, pods_by_node, unenforced
from podnet.plan.policy_objects import Engine, Found


class FakeCluster:
    """A cluster with these nodes."""

    def __init__(self, *members, pods=()):
        self._members = {member.name: member for member in members}
        self._pods = pods

    def members(self):
        return self._members

    def pods(self):
        return self._pods

    def network_policies(self):
        return self.found


class Rows(list):
    """A table that remembers its rows."""

    def add_row(self, *cells):
        self.append(cells)


def pod(name, node, address, **spec):
    return {
        "metadata": {"namespace": "default", "name": name},
        "spec": {"nodeName": node, **spec},
        "status": {"phase": "Pending", **({"podIP": address} if address else {})},
    }


def member(name, block, reason=None, *, schedulable=True):
    return Member(
        name=name,
        version="v1.36.0",
        block=block,
        why_not_ready=reason,
        schedulable=schedulable,
        boot_id="",
    )


def test_status_shows_for_each_node_whether_its_block_is_by_the_rule(stack_named):
    rows = Rows()
    cluster = FakeCluster(
        member("node-1", "10.1.1.0/24"),
        member("node-3", "10.1.9.0/24", "no network"),
        member("stranger", "", schedulable=False),
        pods=[pod("a", "node-3", "10.1.3.2")],
    )
    members_table(cluster, stack_named("kubernetes").settings(), rows)

    assert rows == [
        ("node-1", "Ready", "v1.36.0", "10.1.1.0/24 (by the rule)", "none"),
        ("node-2", "[yellow]has not joined[/]", "", "", ""),
        (
            "node-3",
            "no network",
            "v1.36.0",
            "10.1.9.0/24 [yellow]the rule says 10.1.3.0/24[/]",
            "default/a 10.1.3.2",
        ),
        ("stranger", "Ready, drained", "v1.36.0", " [yellow]no node of this stack[/]", "none"),
    ]


def test_policies_that_nothing_enforces_are_named():
    cluster = FakeCluster()
    lines = {}
    for engine in Engine:
        cluster.found = Found(("default/deny", "shop/web"), engine)
        lines[engine] = [*unenforced(cluster)]
    cluster.found = Found()

    assert [engine for engine, said in lines.items() if said] == [Engine.NONE]
    assert "(default/deny, shop/web)" in lines[Engine.NONE][0]
    assert [*unenforced(cluster)] == []


def test_pods_are_listed_by_node_and_those_in_its_network_are_left_out():
    found = pods_by_node(
        FakeCluster(
            pods=[
                pod("b", "node-1", "10.1.1.3"),
                pod("a", "node-1", None),
                pod("proxy", "node-1", "192.168.1.11", hostNetwork=True),
            ]
        )
    )

    assert json.loads(json.dumps(found)) == {"node-1": ["default/a Pending", "default/b 10.1.1.3"]}


class NamedNode:
    """A node by its name alone."""

    def __init__(self, name):
        self.name = name


def test_problems_of_every_node_have_a_line_each(monkeypatch):
    said = {
        "node-1": AgentState(
            files="podnet-base", problems=(), warnings=(), routing=None, repairs=0
        ),
        "node-2": AgentState(
            files="podnet-base", problems=("a", "b"), warnings=("c",), routing=None, repairs=0
        ),
        "node-3": None,
    }
    monkeypatch.setattr(status, "agent_state", lambda node: said[node.name])

    assert [*agent_problems(map(NamedNode, said))] == [
        "node-2 is not ready: a",
        "node-2 is not ready: b",
        "node-2: c",
    ]
