"""The calls of the lab's provider are inside the permissions of docs/provider-fidelity.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from docs.fidelity import actions, rows
from podnet.lab.providers.aws import TYPES
from podnet.lab.providers.aws.functions import FUNCTIONS
from podnet.lab.providers.protocol import ProviderError
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.samples import SAMPLES

PREFIX = {"service-quotas": "servicequotas"}
"""Services whose name in IAM differs from that of the client."""

LAB_ONLY = {
    # moto drops the description of a rule for a group as it makes it.
    samples.EGRESS: {"ec2:ModifySecurityGroupRules"},
    samples.INGRESS: {"ec2:ModifySecurityGroupRules"},
}
"""Calls that only the lab's provider makes, each of which another row permits."""

ARGUMENTS = {
    "aws:ec2/getAmi:getAmi": {"mostRecent": True, "owners": ["099720109477"]},
    "aws:ec2/getInstanceType:getInstanceType": {"instanceType": "t3.small"},
    "aws:ec2/getNetworkInterface:getNetworkInterface": {"id": "eni-0"},
    "aws:ec2/getRouteTable:getRouteTable": {"routeTableId": "rtb-0"},
    "aws:vpc/getSecurityGroupRule:getSecurityGroupRule": {"securityGroupRuleId": "sgr-0"},
    "aws:servicequotas/getServiceQuota:getServiceQuota": {
        "serviceCode": "vpc",
        "quotaCode": "L-93826ACB",
    },
    "aws:ssm/getParameter:getParameter": {"name": "/podnet/none"},
    "aws:ssm/getParametersByPath:getParametersByPath": {"path": "/podnet/none"},
}
"""Arguments of the look-ups that do not go without."""


@pytest.fixture
def recorded(provider):
    """Records the IAM actions of the calls in a block."""
    session = provider._session  # noqa: SLF001
    clients = [session.ec2, session.iam, session.ssm, session.quotas, session.logs]

    @contextmanager
    def record() -> Iterator[set[str]]:
        seen: set[str] = set()

        def note(model, **_):
            service = model.service_model.service_name
            seen.add(f"{PREFIX.get(service, service)}:{model.name}")

        for client in clients:
            client.meta.events.register_first("before-call.*", note)
        yield seen
        for client in clients:
            client.meta.events.unregister("before-call.*", note)

    return record


def permitted(type_: str, event: str) -> frozenset[str]:
    table = actions(type_)
    return table[event] | table["read"] | LAB_ONLY.get(type_, set())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.type.split(":")[-1])
def test_a_type_calls_what_the_table_permits(sample, world, stack, recorded):
    calls = {}
    with recorded() as calls["create"]:
        made = stack.make(sample.type, **sample.inputs(world))
    with recorded() as calls["read"]:
        made.read()
    with recorded() as calls["update"]:
        for name, value in sample.updates(world).items():
            made.update(**{name: value})
    with recorded() as calls["delete"]:
        made.delete()

    assert calls["read"]
    assert {event: seen - permitted(sample.type, event) for event, seen in calls.items()} == {
        event: set() for event in calls
    }


@pytest.mark.parametrize("token", sorted(FUNCTIONS))
def test_a_look_up_calls_what_the_table_permits(token, provider, recorded):
    with recorded() as seen:
        try:
            provider.invoke(token, ARGUMENTS.get(token, {}))
        except ProviderError:
            assert token in ARGUMENTS  # what it names does not exist, which it was asked for

    assert seen == actions(token)["read"]


def test_every_call_that_only_the_lab_makes_is_permitted_by_another_row():
    table = {
        action
        for row in rows()
        if row.table == "Permissions"
        for each in actions(row.subject).values()
        for action in each
    }

    assert {action for each in LAB_ONLY.values() for action in each} <= table


def test_the_table_names_every_type_and_look_up_that_the_lab_serves():
    assert {row.subject for row in rows() if row.table == "Permissions"} == {*TYPES, *FUNCTIONS}
