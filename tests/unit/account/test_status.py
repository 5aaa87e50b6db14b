"""`podnet status --live`: what nodes of an account are assigned, and what they said of it."""

import pytest

from podnet.account import acknowledgements
from podnet.plan.acknowledgement import UNWRITTEN, folder, parameter
from podnet.plan.kubernetes import Parameters
from podnet.plan.policy_objects import Engine, Found
from podnet.plan.tags import ROUTING
from tests.nodes import said
from tests.unit.account.conftest import IDENTITY, REGION, tags
from tests.unit.account.settled import (
    DIGEST,
    NAMES,
    OVERLAY,
    ROUTES,
    made_once,
    node,
    run,
    say,
    settled,
    shown,
    ssm,
    text,
)

__all__ = ["made_once", "say", "settled", "ssm"]


def test_a_settled_stack_is_shown_node_by_node(settled):
    found = shown()

    assert found == {
        "stack": IDENTITY,
        "vpc": settled.vpc,
        "settled": ROUTES,
        "nodes": [
            {
                "name": name,
                "instance": settled.nodes[name],
                "state": "running",
                "address": f"192.168.1.1{name[-1]}",
                "routing": {"assigned": ROUTES, "applied": ROUTES},
                "files": {"assigned": DIGEST[:12], "applied": DIGEST[:12]},
                "said": "2026-11-29T12:00:00+00:00",
                "problems": [],
                "remark": None,
            }
            for name in NAMES
        ],
        "routes": [],
        "remarks": [],
    }
    done = run()
    assert f"stack {IDENTITY} ({settled.vpc}) in {REGION}" in done.stderr
    assert all(value in done.stdout for value in (*settled.nodes.values(), "192.168.1.13"))
    assert f"says {ROUTES!r}, which every node is assigned" in " ".join(done.stdout.split())


def test_policies_that_nothing_enforces_are_named(settled, ssm):
    name = Parameters(IDENTITY).policies
    remarks = {}
    for engine in Engine:
        value = Found(("default/deny", "shop/web"), engine).text()
        ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
        remarks[engine] = shown()["remarks"]

    assert [engine for engine, said in remarks.items() if said] == [Engine.NONE]
    assert "(default/deny, shop/web)" in remarks[Engine.NONE][0]


def test_a_switch_that_goes_on_shows_who_has_followed(settled, account, say):
    for name, instance in settled.nodes.items():
        tags(account, instance, {ROUTING: OVERLAY})
        if name != "node-2":
            say(name, said(instance, OVERLAY, DIGEST))

    found = {each["name"]: each["routing"] for each in shown()["nodes"]}

    assert found == {
        "node-1": {"assigned": OVERLAY, "applied": OVERLAY},
        "node-2": {"assigned": OVERLAY, "applied": ROUTES},
        "node-3": {"assigned": OVERLAY, "applied": OVERLAY},
    }
    assert f"says {ROUTES!r}, and nodes are assigned {OVERLAY!r}: a switch goes on" in text()


def test_what_a_node_named_and_the_release_it_runs_are_shown(settled, say):
    say("node-2", said(settled.nodes["node-2"], ROUTES, "9" * 64, "no [lease], and no link"))

    found, printed = node("node-2"), text()
    assert found["problems"] == ["no [lease], and no link"]
    assert found["files"] == {"assigned": DIGEST[:12], "applied": "9" * 12}
    assert "node-2 is not ready: no [lease], and no link" in printed
    assert "9" * 12 in printed
    assert printed.count("assigned:") == 1


def test_a_node_that_must_be_there_is_a_row(settled, account):
    account.terminate_instances(InstanceIds=[settled.nodes["node-3"]])

    gone = node("node-3")

    assert (gone["instance"], gone["state"]) == (None, "missing")
    assert gone["remark"].startswith(
        f"{settled.nodes['node-3']} was it, and had {ROUTES!r} at 2026"
    )
    assert gone["routing"] == {"assigned": None, "applied": None}
    assert node("node-9", "--nodes", "1-2 9")["state"] == "missing"
    unexpected, parameters = shown("--nodes", "1")["remarks"]
    assert unexpected.startswith("node-2: not among the nodes that must be there")
    assert parameters == "there are parameters of node-3, which is no node of the stack"


def test_what_a_replaced_node_said_is_not_its_successors(settled, say):
    say("node-1", said("i-0before", OVERLAY))

    found = node("node-1")

    assert found["routing"] == {"assigned": ROUTES, "applied": None}
    assert found["said"] is None
    assert "i-0before, which was this node before, had" in found["remark"]
    assert f"node-1: {found['remark']}" in text()


def test_a_stopped_node_is_named_beside_what_it_said_last(settled, account):
    account.stop_instances(InstanceIds=[settled.nodes["node-2"]])

    found = node("node-2")

    assert found["state"] == "stopped"
    assert found["routing"]["applied"] == ROUTES
    assert found["remark"] == "its instance is stopped: it reads its tag when it starts"


ODD = [
    "a shopping list",
    "[]",
    '"x"',
    "{}",
    "[" * 2000,
    said("i-1", ROUTES).replace('"i-1"', "1"),
    said("i-1", ROUTES).replace(f'"{ROUTES}"', "[]"),
    said("i-1", ROUTES).replace('"problems": []', '"problems": 5'),
]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_a_value_that_no_node_of_podnet_wrote_is_named_and_the_others_count(settled, say, value):
    say("node-2", value)

    found = {each["name"]: each for each in shown()["nodes"]}

    assert "is nothing that a node of podnet writes" in found["node-2"]["remark"]
    assert parameter(IDENTITY, "node-2") in found["node-2"]["remark"]
    assert [found[name]["routing"]["applied"] for name in NAMES] == [ROUTES, None, ROUTES]
    assert "node-2: /podnet/" in text()


def test_a_parameter_that_is_gone_or_unwritten_or_of_no_node_is_named(settled, ssm, say):
    ssm.delete_parameter(Name=parameter(IDENTITY, "node-1"))
    say("node-2", UNWRITTEN)
    say("node-77", UNWRITTEN)

    found = shown()

    assert [each["remark"] for each in found["nodes"]] == [
        f"its parameter {parameter(IDENTITY, 'node-1')} is not there; the next deployment makes it",
        "it has said nothing yet",
        None,
    ]
    assert found["remarks"] == ["there are parameters of node-77, which is no node of the stack"]


def test_a_stack_without_any_parameter_says_so(dev, ssm):
    found = shown()

    assert f"no parameter is below {folder(IDENTITY)}" in found["remarks"][0]
    assert {each["routing"]["applied"] for each in found["nodes"]} == {None}
    assert "is not there: no deployment has seen all nodes apply their routing" in text()


def test_more_nodes_than_a_page_of_parameters_holds_are_all_read(settled, ssm, say):
    for number in range(4, 30):
        say(f"node-{number}", UNWRITTEN)

    assert {*acknowledgements.read(ssm, IDENTITY)} == {f"node-{each}" for each in range(1, 30)}
