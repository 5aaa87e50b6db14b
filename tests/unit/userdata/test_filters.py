"""What filters of other programs do with pods' packets, from rules as nft lists them in JSON."""

import json
from ipaddress import IPv4Address, IPv4Network

import filters
import pytest
from machine import Node

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing, RoutingMode

PLAN = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
NODE = Node(PLAN, "eth0", IPv4Address("192.168.1.11"), 9001)
ROUTING = Routing()
WHERE = {"family": "inet", "table": "other"}


def match(left, right, op="=="):
    return {"match": {"op": op, "left": left, "right": right}}


def address(end, *values, op="=="):
    prefixes = [
        {"prefix": {"addr": value.split("/")[0], "len": int(value.split("/")[1])}}
        if "/" in value
        else value
        for value in values
    ]
    payload = {"payload": {"protocol": "ip", "field": end}}
    return match(payload, {"set": prefixes} if len(prefixes) > 1 else prefixes[0], op)


def link(key, value, op="=="):
    return match({"meta": {"key": key}}, value, op)


def port(number):
    return match({"payload": {"protocol": "tcp", "field": "dport"}}, number)


STATES = match({"ct": {"key": "state"}}, ["established", "related"], "in")
INVALID = match({"ct": {"key": "state"}}, "invalid", "in")
MARKED = match({"meta": {"key": "mark"}}, 1)
XT_STATE = {"xt": {"type": "match", "name": "conntrack"}}
XT_COMMENT = {"xt": {"type": "match", "name": "comment"}}
XT_SET = {"xt": {"type": "match", "name": "set"}}
XT_REJECT = {"xt": {"type": "target", "name": "REJECT"}}
COUNTER = {"counter": {"packets": 0, "bytes": 0}}
ACCEPT, DROP, RETURN = {"accept": None}, {"drop": None}, {"return": None}
REJECT = {"reject": None}
PODS, BLOCK = "10.1.0.0/16", "10.1.1.0/24"
BY_POLICY = (
    f"the policy of nftables chain inet other hook drops packets of pods; accept {PODS} there"
)


def jump(target):
    return {"jump": {"target": target}}


def listing(  # noqa: PLR0913  # a chain has as many parts
    rules, *, hook="forward", policy="accept", more=(), where=WHERE, name="hook"
):
    """A ruleset with one base chain, as nft lists it; `more` maps other chains to their rules."""
    base = {**where, "name": name, "hook": hook, "prio": 0, "policy": policy, "type": "filter"}
    chains = {name: rules, **dict(more)}
    return {
        "nftables": [
            {"metainfo": {}},
            {"table": {"family": where["family"], "name": where["table"]}},
            {"chain": base},
            *({"chain": {**where, "name": each}} for each in dict(more)),
            *(
                {"rule": {**where, "chain": each, "handle": number, "expr": expressions}}
                for each, listed in chains.items()
                for number, expressions in enumerate(listed, 1)
            ),
        ]
    }


def dropped(subject, routing=ROUTING):
    """What the agent names after it has kept what it keeps."""
    subject.keep(NODE, routing)
    return [*subject.dropped(NODE, routing)]


@pytest.fixture
def kernel(monkeypatch):
    """A kernel with a ruleset, which records what is loaded."""

    class Kernel:
        ruleset = listing([])
        generation = 0
        loaded = ()

        def run(self, *words):
            if "add" in words:
                self.loaded = (*self.loaded, " ".join(words[1:]))
            return json.dumps(self.ruleset)

        def load(self, *rules, **other):
            self.ruleset = listing([*rules], **other)
            self.generation += 1

    subject = Kernel()
    monkeypatch.setattr(filters, "run", subject.run)
    monkeypatch.setattr(filters, "generation", lambda: bytes([subject.generation]))
    return subject


PASSING = {
    "nothing": [],
    "a port": [[port(25), DROP]],
    "another range": [[address("saddr", "172.16.0.0/12"), DROP]],
    "another link": [[link("iifname", "docker0"), DROP]],
    "invalid packets": [[INVALID, COUNTER, DROP]],
    "invalid packets by iptables": [[XT_STATE, COUNTER, DROP]],
    "a mark": [[MARKED, DROP]],
    "a policy engine's set": [[XT_SET, XT_REJECT]],
    "a drop after an accept": [[address("saddr", "10.0.0.0/8"), ACCEPT], [DROP]],
    "anything but pods": [[address("saddr", PODS, op="!="), DROP]],
    "a chain that returns": [[jump("more")]],
}


@pytest.mark.parametrize("rules", PASSING.values(), ids=PASSING.keys())
def test_a_rule_that_leaves_pods_alone_is_not_named(kernel, rules):
    kernel.load(*rules, more={"more": [[address("daddr", PODS), RETURN], [DROP]]})

    assert dropped(filters.Filters()) == []


DROPPING = {
    "everything": ([[DROP]], 1),
    "everything, rejected": ([[COUNTER, REJECT]], 1),
    "everything, rejected by iptables": ([[XT_COMMENT, COUNTER, XT_REJECT]], 1),
    "the pod range": ([[STATES, COUNTER, ACCEPT], [address("saddr", PODS), DROP]], 2),
    "one pod": ([[address("daddr", "10.1.1.7"), DROP]], 1),
    "one of several": ([[address("daddr", "172.16.0.0/12", BLOCK), DROP]], 1),
    "the bridge": ([[link("iifname", "kube-bridge"), DROP]], 1),
    "links by pattern": ([[link("oifname", "kube*"), DROP]], 1),
    "all but another range": ([[address("saddr", "172.16.0.0/12", op="!="), DROP]], 1),
    "after accepts that are not enough": (
        [[port(22), ACCEPT], [STATES, ACCEPT], [link("iifname", "lo"), ACCEPT], [DROP]],
        4,
    ),
}


@pytest.mark.parametrize(("rules", "handle"), DROPPING.values(), ids=DROPPING.keys())
def test_a_rule_that_drops_packets_of_pods_is_named(kernel, rules, handle):
    kernel.load(*rules)

    (problem, *_) = dropped(filters.Filters())

    assert problem == BY_POLICY.replace("policy", f"rule with handle {handle}")


def test_a_drop_in_a_chain_that_is_jumped_to_is_named_with_that_chain(kernel):
    kernel.load([link("iifname", "kube-bridge"), jump("deny")], more={"deny": [[DROP]]})

    (problem,) = dropped(filters.Filters())

    assert problem.startswith("the rule with handle 1 of nftables chain inet other deny drops")


@pytest.mark.parametrize(
    "accepting",
    [
        [[address("saddr", PODS), ACCEPT]],
        [[link("iifname", "kube-bridge"), ACCEPT], [link("oifname", "kube-bridge"), ACCEPT]],
        [[STATES, ACCEPT], [address("daddr", "10.0.0.0/8"), ACCEPT]],
        [[jump("ours")]],
        [[MARKED, ACCEPT]],
    ],
    ids=["by range", "by links", "by a wider range", "in another chain", "by what is unknown"],
)
def test_a_firewall_that_accepts_pods_and_drops_the_rest_is_not_named(kernel, accepting):
    kernel.load(*accepting, policy="drop", more={"ours": [[address("saddr", PODS), ACCEPT]]})

    assert dropped(filters.Filters()) == []


def test_a_firewall_that_accepts_others_is_named_by_its_policy(kernel):
    kernel.load([link("iifname", "docker0"), ACCEPT], [STATES, ACCEPT], policy="drop")

    assert BY_POLICY in dropped(filters.Filters())


@pytest.mark.parametrize("hook", ["input", "output", "prerouting", "postrouting"])
def test_every_hook_that_pods_packets_pass_is_looked_at(kernel, hook):
    kernel.load([port(22), ACCEPT], hook=hook, policy="drop")

    assert dropped(filters.Filters()) == [BY_POLICY]


@pytest.mark.parametrize(
    ("mode", "wire"),
    [
        (RoutingMode.HOST_GW, "eth0"),
        (RoutingMode.OVERLAY, "podnet0"),
        (RoutingMode.FLANNEL, "flannel.3"),
    ],
)
def test_packets_between_nodes_pass_the_link_of_the_mode(kernel, mode, wire):
    kernel.load([link("oifname", wire), DROP])

    problems = dropped(filters.Filters(), Routing(mode=mode))

    assert problems == [BY_POLICY.replace("policy", "rule with handle 1")]


def test_the_agents_own_tables_and_those_of_ipv6_are_no_others(kernel):
    kernel.load([DROP], where={"family": "inet", "table": "podnet"})
    own = dropped(filters.Filters())
    kernel.load([DROP], where={"family": "ip6", "table": "filter"})

    assert (own, dropped(filters.Filters())) == ([], [])


def test_rules_are_read_again_only_when_they_have_changed(kernel):
    subject = filters.Filters()
    dropped(subject)

    kernel.ruleset = listing([[DROP]])

    assert dropped(subject) == []

    kernel.generation += 1

    assert len(dropped(subject)) == 1


FORWARD = {"where": {"family": "ip", "table": "filter"}, "name": "FORWARD"}
ADDED = [
    f'add rule ip filter FORWARD ip {end} 10.1.0.0/16 counter accept comment "podnet"'
    for end in ("saddr", "daddr")
]


@pytest.mark.parametrize(
    ("rules", "policy", "added"),
    [
        ([], "drop", ADDED),
        ([[link("iifname", "docker0"), ACCEPT]], "drop", ADDED),
        ([[address("saddr", PODS), ACCEPT], [address("daddr", PODS), ACCEPT]], "drop", []),
        ([], "accept", []),
        ([[DROP]], "accept", []),
    ],
    ids=["bare", "docker", "in place", "accepting", "a rule that drops"],
)
def test_pods_are_accepted_at_the_end_of_iptables_forward_where_it_drops(
    kernel, rules, policy, added
):
    kernel.load(*rules, policy=policy, **FORWARD)

    changed = filters.Filters().keep(NODE, Routing())

    assert [*kernel.loaded] == added
    assert bool(changed) == bool(added)


def test_another_chain_that_drops_by_policy_is_left_alone(kernel):
    kernel.load(policy="drop")

    assert filters.Filters().keep(NODE, Routing()) == ""
    assert kernel.loaded == ()
