"""The file of a preview: what is left of it, and what is refused."""

import json

import pytest

from podnet.world.plan.file import UNKNOWN, read
from tests.refusals import refused

VPC = "urn:pulumi:dev::podnet::my:index:Network$aws:ec2/vpc:Vpc::network"


def step(op, urn=VPC, **states):
    return {"op": op, "urn": urn, **states}


def plan(*steps, **more):
    return json.dumps({"steps": list(steps), **more})


def the_one(*steps):
    (found,) = read(plan(*steps), "plan.json").resources
    return found


def test_a_resource_is_as_its_new_state_says():
    found = the_one(
        step(
            "create",
            newState={
                "inputs": {"cidrBlock": "10.0.0.0/16", "ipamPoolId": UNKNOWN},
                "propertyDependencies": {"ipamPoolId": ["urn:of:the::pool"]},
            },
        )
    )

    assert (found.type, found.name, found.title) == ("aws:ec2/vpc:Vpc", "network", "Vpc network")
    assert found.id == ""
    assert found.known("cidrBlock") == "10.0.0.0/16"
    assert found.known("ipamPoolId") is None
    assert found.sources == {"ipamPoolId": ("urn:of:the::pool",)}


@pytest.mark.parametrize("op", ["same", "update", "refresh", "read"])
def test_what_stays_has_what_aws_computed_before(op):
    old = {"id": "vpc-1", "inputs": {"cidrBlock": "10.0.0.0/16"}, "outputs": {"ownerId": "1"}}
    found = the_one(step(op, oldState=old, newState={"inputs": {"cidrBlock": "10.1.0.0/16"}}))

    assert (found.id, found.known("ownerId")) == ("vpc-1", "1")
    assert found.known("cidrBlock") == "10.1.0.0/16"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["deleted first", "created first"])
def test_what_is_replaced_has_nothing_of_before(order):
    old = {"id": "vpc-1", "outputs": {"ownerId": "1"}}
    new = {"inputs": {"cidrBlock": "10.1.0.0/16"}}
    steps = [
        step("delete-replaced", oldState=old),
        step("replace", oldState=old, newState=new),
        step("create-replacement", oldState=old, newState=new),
    ]
    found = the_one(*(steps[place] for place in order))

    assert (found.id, found.known("ownerId")) == ("", None)


def test_what_is_deleted_is_gone_and_what_is_made_afterwards_is_there():
    other = VPC.replace("::network", "::other")
    made = {"inputs": {"cidrBlock": "10.1.0.0/16"}}
    found = the_one(
        step("refresh", newState={"id": "vpc-1"}),
        step("delete", oldState={"id": "vpc-1"}),
        step("create", other, newState=made),
    )

    assert found.name == "other"


def test_the_configuration_is_kept():
    made = step("create", newState={"inputs": {"cidrBlock": "10.1.0.0/16"}})
    found = read(plan(made, config={"podnet:routing": "overlay", "odd": 1}), "plan.json")

    assert found.config == {"podnet:routing": "overlay"}


WHOLE = plan(step("create", newState={"inputs": {"cidrBlock": "10.1.0.0/16"}}))


@pytest.mark.parametrize("length", [0, 1, len(WHOLE) // 2, len(WHOLE) - 1])
def test_a_file_that_was_cut_off_is_refused(length):
    with refused("plan-not-json") as caught:
        read(WHOLE[:length], "plan.json")
    assert "was it cut off? Write it with `pulumi preview --json --show-sames`" in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "{}", "null", '"steps"', '{"steps": {}}', '{"items": []}'])
def test_a_file_of_something_else_is_refused(text):
    with refused("plan-without-steps"):
        read(text, "plan.json")


@pytest.mark.parametrize(
    "broken",
    [
        7,
        {},
        {"op": "create"},
        {"op": "create", "urn": "network"},
        {"op": 1, "urn": VPC},
        {"op": "create", "urn": VPC, "newState": "gone"},
    ],
)
def test_a_step_that_is_none_is_refused(broken):
    with refused("plan-step-malformed") as caught:
        read(plan(broken), "plan.json")
    assert "step 1" in str(caught.value)


def test_inputs_that_are_no_object_are_refused():
    with refused("plan-state-malformed"):
        read(plan(step("create", newState={"inputs": [1]})), "plan.json")


def test_a_file_that_is_nested_without_end_is_refused():
    with refused("plan-too-deep"):
        read("[" * 100_000, "plan.json")


def test_a_preview_that_failed_is_refused_with_its_reason():
    diagnostics = [
        {"severity": "warning", "message": "mind this"},
        {"severity": "error", "message": "error: podnet:routing is magic\n"},
    ]
    with refused("plan-failed") as caught:
        read(plan(step("same", newState={"id": "1"}), diagnostics=diagnostics), "plan.json")
    assert "error: podnet:routing is magic; mend that" in str(caught.value)


def test_a_preview_that_leaves_out_what_stays_is_refused():
    made = step("create", newState={"inputs": {"cidrBlock": "10.1.0.0/16"}})
    with refused("plan-incomplete") as caught:
        read(plan(made, step("same", VPC + "2"), changeSummary={"same": 4, "create": 1}), "plan")
    assert "leaves out 3 resources that stay as they are" in str(caught.value)


def test_a_plan_that_only_deletes_is_refused():
    gone = step("delete", oldState={"id": "vpc-1", "inputs": {"cidrBlock": "10.1.0.0/16"}})
    with refused("plan-only-deletes"):
        read(plan(gone, changeSummary={"delete": 1}), "plan.json")
