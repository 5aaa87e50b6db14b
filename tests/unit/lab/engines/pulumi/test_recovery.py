"""What a killed CLI has written down is given to its state, or forgotten."""

from __future__ import annotations

import copy

import pytest
from pulumi import automation

from podnet.lab.engines.adoption import Found, Leftover
from podnet.lab.engines.embedded import EngineError
from podnet.lab.engines.pulumi.recovery import Recovery, stack_tags
from tests.refusals import refused

VPC, ROUTE = "aws:ec2/vpc:Vpc", "aws:ec2/route:Route"
INPUTS = {"cidrBlock": "10.0.0.0/16", "tags": {"podnet:stack": "dev", "Name": "dev-vpc"}}


def resource(type_, name, **more):
    return {
        "urn": f"urn:pulumi:dev::podnet::{type_}::{name}",
        "type": type_,
        "custom": True,
        **more,
    }


def creating(type_, name, inputs):
    return {"type": "creating", "resource": resource(type_, name, inputs=inputs)}


class Stack:
    """The state of the CLI, as its automation API hands it out and takes it."""

    def __init__(self, resources=(), pending=()):
        deployment = {"resources": list(resources), "pending_operations": list(pending)}
        self.state = automation.Deployment(3, deployment)
        self.imports = 0

    def export_stack(self):
        return copy.deepcopy(self.state)

    def import_stack(self, state):
        self.state = state
        self.imports += 1


class Account:
    """Has what it was given, by type."""

    def __init__(self, found=None, left=()):
        self.found, self.left, self.asked, self.deleted = found or {}, list(left), [], []
        self.finished = []

    def find(self, type_, name, inputs, recorded):
        self.asked.append((type_, name, inputs, set(recorded)))
        return self.found.get(type_)

    def finish(self, type_, found):
        self.finished.append((type_, found.id))

    def leftovers(self, stacks, recorded):
        assert stacks
        return [each for each in self.left if each.id not in recorded.get(each.type, ())]

    def delete(self, leftover):
        self.deleted.append(leftover.id)


def test_what_was_made_becomes_a_resource_with_its_inputs_and_what_was_not_is_forgotten():
    route = {"routeTableId": "rtb-1", "destinationCidrBlock": "10.1.0.0/24"}
    pending = [creating(VPC, "network", INPUTS), creating(ROUTE, "to-node", route)]
    stack, account = Stack([], pending), Account({VPC: Found(id="vpc-1")})

    assert Recovery(stack, account).adopt() == ["network"]
    assert stack.state.deployment == {
        "resources": [resource(VPC, "network", id="vpc-1", inputs=INPUTS, outputs=INPUTS)],
        "pending_operations": [],
    }
    assert account.finished == [(VPC, "vpc-1")]
    assert account.asked == [(VPC, "network", INPUTS, set()), (ROUTE, "to-node", route, set())]


def test_what_the_state_has_is_not_taken_for_what_was_being_made():
    old = resource(VPC, "network", id="vpc-1", inputs=INPUTS)
    stack = Stack([old], [creating(VPC, "network", INPUTS)])
    account = Account({VPC: Found(id="vpc-2")})
    Recovery(stack, account).adopt()

    assert account.asked[0][3] == {"vpc-1"}
    assert [(item["id"], item.get("delete")) for item in stack.state.deployment["resources"]] == [
        ("vpc-1", True),
        ("vpc-2", None),
    ]


def test_other_operations_and_types_are_left_to_the_refresh():
    pending = [
        {"type": "updating", "resource": resource(VPC, "network", id="vpc-1", inputs=INPUTS)},
        creating("kubernetes:core/v1:Namespace", "name", {}),
    ]
    stack, account = Stack([], pending), Account({VPC: Found(id="vpc-9")})

    assert Recovery(stack, account).adopt() == []
    assert account.asked == []
    assert stack.state.deployment["pending_operations"] == []


def test_a_state_without_open_operations_is_not_written():
    stack = Stack([resource(VPC, "network", id="vpc-1", inputs=INPUTS)])
    Recovery(stack, Account()).adopt()

    assert stack.imports == 0


def test_an_empty_state_beside_a_vpc_in_use_is_refused():
    used, unused = Leftover(type=VPC, id="vpc-1"), Leftover(type=VPC, id="vpc-2", unused=True)
    with refused("stack-in-another-state", EngineError) as caught:
        Recovery(Stack(), Account(left=[used, unused])).refuse_occupied("dev", [])

    assert "vpc-1" in str(caught.value)
    assert "vpc-2" not in str(caught.value)
    Recovery(Stack(), Account(left=[unused])).refuse_occupied("dev", [])
    own = [resource(VPC, "network", id="vpc-3", inputs=INPUTS)]
    Recovery(Stack(own), Account(left=[used])).refuse_occupied("dev", own)


def test_what_was_made_twice_is_deleted_and_what_is_in_use_is_named(caplog):
    stack = Stack([resource(VPC, "network", id="vpc-1", inputs=INPUTS)])
    left = [
        Leftover(type=VPC, id="vpc-1"),
        Leftover(type=VPC, id="vpc-2", unused=True),
        Leftover(type=VPC, id="vpc-3"),
    ]
    account = Account(left=left)
    recovery = Recovery(stack, account)
    recovery.clear_leftovers(recovery.resources())

    assert account.deleted == ["vpc-2"]
    (message,) = (record.getMessage() for record in caplog.records)
    assert "aws ec2 delete-vpc --vpc-id vpc-3" in message


@pytest.mark.parametrize("tags", [None, {}, {"podnet:stack": "dev"}])
def test_the_stacks_of_a_state_are_those_of_its_tags(tags):
    stack = Stack([resource(VPC, "network", id="vpc-1", inputs={"tags": tags})])

    assert stack_tags(Recovery(stack, Account()).resources()) == ({"dev"} if tags else set())
