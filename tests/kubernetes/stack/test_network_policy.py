"""NetworkPolicy in a cluster: said where nothing enforces it, and enforced by kube-router."""

import json
import re
import sys

import pytest
from click.testing import CliRunner

from podnet.cli.app import app
from podnet.lab.drill.faults import FAULTS
from podnet.lab.nodes.pods import HostPort
from podnet.lab.operations.verification import SERVICE_CHECKS
from podnet.plan import kube_router
from podnet.plan.kubernetes import Parameters
from podnet.plan.policy_objects import Found
from tests.host_ports import Answers, seen_as
from tests.kubernetes.cluster import failing
from tests.kubernetes.served import pod, start

pytestmark = pytest.mark.kubernetes

TAKES_SERVICES = "nft flush ruleset"
"""The fault after which kube-proxy does not write its tables again; a test of its own has it."""
WITHOUT_EFFECT = ("iptables -P FORWARD DROP", "Docker's chain FORWARD")
"""Faults of a policy that no packet of a pod gets as far as: kube-router's rules accept it."""
ENGINE = {"networkPolicy": "kube-router", "kubeRouterImage": kube_router.LAB_IMAGE}
PORT = HostPort(80, 80, "tcp")
METADATA = "169.254.169.254"
SERVER, FRIEND, STRANGER = "server", "friend", "stranger"


def policy(name, target, **spec):
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": {"matchLabels": {"role": target}}, **spec},
    }


DENY = policy("deny", SERVER, policyTypes=["Ingress"])
FROM_FRIENDS = policy(
    "from-friends",
    SERVER,
    policyTypes=["Ingress"],
    ingress=[{"from": [{"podSelector": {"matchLabels": {"role": FRIEND}}}]}],
)
NO_EGRESS = policy("no-egress", FRIEND, policyTypes=["Egress"])
ANY_EGRESS = policy("any-egress", STRANGER, policyTypes=["Egress"], egress=[{}])


def apply(stack, *objects):
    items = {"apiVersion": "v1", "kind": "List", "items": [*objects]}
    stack.kubectl("apply", "-f", "-", stdin=json.dumps(items))


def written(stack):
    name = Parameters(f"organization/podnet/{stack.name}").policies
    return Found.parse(stack.ssm.get_parameter(Name=name)["Parameter"]["Value"])


def without_policies(stack):
    stack.kubectl("delete", "networkpolicy", "--all", "--namespace=default")
    stack.until(lambda: not written(stack).policies, "the control plane sees no policy")


def test_policies_without_an_engine_are_pointed_out(stack):
    apply(stack, DENY)
    stack.until(lambda: written(stack).policies == ("default/deny",), "the policy is written down")
    status = stack.podnet("status", "--stack", stack.name)
    words = ["--lab", str(stack.home.directory), "preview", "--stack", stack.name]
    said = CliRunner().invoke(app, words).output
    without_policies(stack)

    assert "nothing enforces the NetworkPolicy objects" in " ".join(status.split())
    assert "default/deny" in status
    assert "default/deny" in said


@pytest.fixture(scope="module")
def enforced(stack):
    stack.deploy(**ENGINE)
    yield stack
    without_policies(stack)
    stack.kubectl("delete", "pod", "--namespace=default", "--all", "--timeout=60s")
    stack.deploy()


@pytest.fixture(scope="module")
def pods(enforced):
    """A server, and pods of both roles on its node and on another."""
    places = [
        (SERVER, SERVER, "node-2"),
        *((f"{role}-{node}", role, node) for role in (FRIEND, STRANGER) for node in (2, 3)),
    ]
    made = []
    for name, role, node in places:
        one = pod(name, node=node if isinstance(node, str) else f"node-{node}")
        one["metadata"]["labels"] = {"role": role}
        made.append(one)
    found = dict(zip((place[0] for place in places), start(enforced, *made), strict=True))
    found[SERVER].ports = [PORT]
    with Answers(found[SERVER]):
        yield found


def answered(pods):
    """The pods that the server answers."""
    return {
        name
        for name, one in pods.items()
        if name != SERVER and seen_as(one.netns, pods[SERVER].address, PORT) == str(one.address)
    }


def soon(stack, pods, wanted):
    stack.until(lambda: answered(pods) == wanted, f"the server answers {sorted(wanted)}", 90)


ALL = {f"{role}-{node}" for role in (FRIEND, STRANGER) for node in (2, 3)}
FRIENDS = {f"{FRIEND}-2", f"{FRIEND}-3"}


def test_an_engine_without_policies_drops_nothing(enforced, pods):
    assert answered(pods) == ALL
    assert failing(enforced.probe()) == []


def test_policies_deny_allow_by_label_and_hold_in_both_directions(enforced, pods):
    apply(enforced, DENY)
    soon(enforced, pods, set())
    apply(enforced, FROM_FRIENDS)
    soon(enforced, pods, FRIENDS)
    apply(enforced, NO_EGRESS)
    soon(enforced, pods, set())
    enforced.kubectl("delete", "networkpolicy", "no-egress")
    soon(enforced, pods, FRIENDS)

    assert failing(enforced.probe()) == []


@pytest.mark.parametrize(
    "command",
    [
        ("nft", "delete", "table", "inet", "podnet"),
        ("systemctl", "restart", "podnet-agent"),
        ("nft", "flush", "ruleset"),
    ],
    ids=["podnet's table", "podnet's agent", "all tables"],
)
def test_policies_hold_again_after_what_befalls_the_tables_of_a_node(enforced, pods, command):
    apply(enforced, DENY, FROM_FRIENDS)
    soon(enforced, pods, FRIENDS)
    enforced.node("node-2").run(*command)
    soon(enforced, pods, FRIENDS)
    # That its chains are gone, kube-proxy does not see, and Services and their names are its own.
    enforced.until(
        lambda: all(each.check in SERVICE_CHECKS for each in enforced.probe().failed),
        "all pairs pass but Services",
        60,
    )
    proxies = ("--namespace=kube-system", "--selector=k8s-app=kube-proxy")
    enforced.kubectl("delete", "pod", *proxies, "--field-selector=spec.nodeName=node-2")
    enforced.until(lambda: not enforced.probe().failed, "a new kube-proxy writes its own", 120)

    assert "table inet podnet" in enforced.node("node-2").run("nft", "list", "tables")


def test_policies_hold_after_the_engine_restarts(enforced, pods):
    apply(enforced, DENY, FROM_FRIENDS)
    soon(enforced, pods, FRIENDS)
    rollout = ("--namespace=kube-router", "daemonset/kube-router")
    enforced.kubectl("rollout", "restart", *rollout)
    enforced.kubectl("rollout", "status", *rollout, "--timeout=120s")

    assert answered(pods) == FRIENDS


@pytest.mark.long
def test_every_fault_of_a_node_is_healed_or_named_beside_an_engine(enforced, pods):
    apply(enforced, DENY, FROM_FRIENDS)
    soon(enforced, pods, FRIENDS)
    enforced.lab_stack.save({f"podnet:{name}": value for name, value in ENGINE.items()})
    try:
        names = [fault.name for fault in FAULTS if fault.name != TAKES_SERVICES]
        words = [word for name in names for word in ("--only", name)]
        command = ["--lab", str(enforced.home.directory), "drill", "faults", "--json", *words]
        printed = CliRunner().invoke(app, command).stdout
    finally:
        enforced.lab_stack.save({"podnet:networkPolicy": "none", "podnet:kubeRouterImage": ""})
    # `pytest -rP` shows it.
    sys.stdout.write(printed)
    outcomes = json.loads(printed)
    soon(enforced, pods, FRIENDS)

    assert [outcome["fault"] for outcome in outcomes] == names
    assert [outcome for outcome in outcomes if not outcome["whole"]] == []
    without = [each for each in outcomes if not (each["healed"] or each["named"])]
    assert [each["fault"] for each in without] == [*WITHOUT_EFFECT]
    assert {(each["lost"], each["broken"]) for each in without} == {(0, 0)}


def dropped(node):
    """How many packets to the metadata service podnet's table has dropped."""
    chain = node.run("nft", "list", "chain", "inet", "podnet", "metadata")
    return int(re.search(rf"{METADATA} counter packets (\d+)", chain)[1])


def test_a_policy_that_allows_all_egress_opens_no_way_to_the_metadata_service(enforced, pods):
    apply(enforced, ANY_EGRESS)
    enforced.until(lambda: "default/any-egress" in written(enforced).policies, "it is known")
    far = pods[f"{STRANGER}-3"]
    before = dropped(far.node)

    assert seen_as(far.netns, METADATA, PORT) is None
    assert dropped(far.node) > before


def test_the_engine_does_not_go_while_policies_are_there(enforced, pods):
    apply(enforced, DENY, FROM_FRIENDS)
    named = ("default/deny", "default/from-friends")
    enforced.until(lambda: {*named} <= {*written(enforced).policies}, "the policies are known")
    with pytest.raises(Exception, match="cannot change from kube-router to none") as caught:
        enforced.deploy()

    assert all(name in str(caught.value) for name in named)
    soon(enforced, pods, FRIENDS)
