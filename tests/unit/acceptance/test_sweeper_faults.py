"""The order of deletions, and what the sweeper does with what AWS answers meanwhile."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, WaiterError

from podnet.acceptance import sweeper
from podnet.acceptance.leftovers import KINDS, Account, Left
from podnet.acceptance.sweeper import DELETE, delete

RUN = "eu-central-1-0a1b2c"


def quietly(_):
    """A note that nobody reads."""


def left(kind, id_="x-1"):
    return Left(kind, id_, RUN)


class Client:
    """Every call is remembered, and answered by what stands in `errors` for it, first to last."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, calls, errors, listed):
        self.calls, self.errors, self.listed = calls, errors, listed

    def __getattr__(self, name):
        def call(**given):
            self.calls.append(name)
            if waiting := self.errors.get(name):
                error = waiting.pop(0)
                if isinstance(error, Exception):
                    raise error
                raise ClientError({"Error": {"Code": error, "Message": "x"}}, name)
            return self.listed.get(name, {})

        return call

    def can_paginate(self, _name):
        return False

    def get_waiter(self, name):
        return SimpleNamespace(wait=getattr(self, name))


@pytest.fixture
def account(monkeypatch):
    monkeypatch.setattr(sweeper, "POLL", 0.01)
    monkeypatch.setattr(sweeper, "PATIENCE", 0.2)
    calls, errors, listed = [], {}, {}
    client = Client(calls, errors, listed)
    account = Account("eu-central-1", client, client, client)
    return SimpleNamespace(of=account, calls=calls, errors=errors, listed=listed)


def test_every_kind_that_is_found_can_be_deleted():
    assert {*DELETE} == {*KINDS}


def test_what_depends_on_something_goes_first_and_instances_are_waited_for(account):
    account.listed |= {
        "describe_route_tables": {
            "RouteTables": [{"Associations": [{"RouteTableAssociationId": "rtbassoc-1"}]}]
        },
        "get_instance_profile": {"InstanceProfile": {"Roles": [{"RoleName": "nodes-0000000"}]}},
        "list_attached_role_policies": {"AttachedPolicies": [{"PolicyArn": "arn"}]},
        "list_role_policies": {"PolicyNames": ["nodes-1111111"]},
    }
    found = [*map(left, reversed(KINDS)), left("instance", "x-2")]
    gateway = Left("internet gateway", "igw-1", RUN, "vpc-1")
    found = [gateway if each.kind == gateway.kind else each for each in found]

    assert delete(account.of, found, quietly) == []
    assert account.calls == [
        "terminate_instances",
        "terminate_instances",
        "instance_terminated",
        "delete_volume",
        "delete_network_interface",
        "delete_parameter",
        "get_instance_profile",
        "remove_role_from_instance_profile",
        "delete_instance_profile",
        "list_attached_role_policies",
        "detach_role_policy",
        "list_role_policies",
        "delete_role_policy",
        "delete_role",
        "describe_route_tables",
        "disassociate_route_table",
        "delete_route_table",
        "delete_subnet_cidr_reservation",
        "delete_subnet",
        "detach_internet_gateway",
        "delete_internet_gateway",
        "delete_security_group",
        "delete_vpc",
    ]


def test_what_is_still_in_use_is_tried_again(account):
    account.errors["delete_subnet"] = ["DependencyViolation", "DependencyViolation"]

    assert delete(account.of, [left("subnet")], quietly) == []
    assert account.calls == ["delete_subnet"] * 3


@pytest.mark.parametrize(
    ("kind", "call", "code"),
    [
        ("subnet", "delete_subnet", "InvalidSubnetID.NotFound"),
        ("instance", "terminate_instances", "InvalidInstanceID.NotFound"),
        ("role", "delete_role", "NoSuchEntity"),
        ("parameter", "delete_parameter", "ParameterNotFound"),
    ],
)
def test_what_is_gone_already_is_deleted(account, kind, call, code):
    account.listed |= {
        "list_attached_role_policies": {"AttachedPolicies": []},
        "list_role_policies": {"PolicyNames": []},
    }
    account.errors[call] = [code]

    assert delete(account.of, [left(kind)], quietly) == []


def test_a_gateway_that_is_detached_already_is_deleted(account):
    account.errors["detach_internet_gateway"] = ["Gateway.NotAttached"]
    gateway = Left("internet gateway", "igw-1", RUN, "vpc-1")

    assert delete(account.of, [gateway], quietly) == []
    assert account.calls == ["detach_internet_gateway", "delete_internet_gateway"]


def test_what_stays_in_use_is_named_and_the_rest_is_deleted(account):
    account.errors["delete_subnet"] = ["DependencyViolation"] * 1000
    problems = delete(account.of, [left("VPC", "vpc-1"), left("subnet", "subnet-1")], quietly)

    assert [each.rule for each in problems] == ["sweep-incomplete"]
    assert "subnet-1" in str(problems[0])
    assert "DependencyViolation" in str(problems[0])
    assert account.calls[-1] == "delete_vpc"


def test_a_missing_permission_is_named_at_once(account):
    account.errors["delete_vpc"] = ["UnauthorizedOperation"]
    (problem,) = delete(account.of, [left("VPC")], quietly)

    assert "docs/iam/sweeper.json" in str(problem)
    assert account.calls == ["delete_vpc"]


def test_instances_that_do_not_end_are_named(account):
    account.errors["instance_terminated"] = [WaiterError("instance_terminated", "Max attempts", {})]
    (problem,) = delete(account.of, [left("instance", "i-1")], quietly)

    assert problem.rule == "sweep-instances-remain"
    assert "i-1" in str(problem)
