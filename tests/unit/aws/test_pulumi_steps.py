"""The words of the Pulumi CLI, put into those of the embedded engine."""

from __future__ import annotations

import pytest
from pulumi.automation.events import EngineEvent
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_ON_THE_WIRE

from lab.engine import UNKNOWN, EngineError, ProgramError, ResourceError
from lab.engine.wire import SECRET, SIGNATURE
from lab.pulumi_steps import Steps, known

STACK = "urn:pulumi:lab::podnet::pulumi:pulumi:Stack::podnet-lab"
NODE = "urn:pulumi:lab::podnet::podnet:index:Nodes$aws:ec2/instance:Instance::node-1"
PROVIDER = "urn:pulumi:lab::podnet::pulumi:providers:aws::default_7_51_1"


def told(kind, op, urn, **metadata):
    body = {
        "metadata": {"op": op, "urn": urn, "type": urn.split("::")[2], "provider": "", **metadata}
    }
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, kind: body})


def inputs(**values):
    return {
        "type": "",
        "urn": NODE,
        "id": "",
        "parent": "",
        "provider": "",
        "inputs": values,
        "outputs": {},
    }


def diagnosis(message, urn=""):
    return EngineEvent.from_json(
        {
            "sequence": 1,
            "timestamp": 1,
            "diagnosticEvent": {
                "message": message,
                "color": "never",
                "severity": "error",
                "urn": urn,
            },
        }
    )


def heard(*events, refreshing=False):
    events_of_engine = []
    steps = Steps(events_of_engine.append, refreshing=refreshing)
    for event in events:
        steps.hear(event)
    return steps, [(event.kind, event.step.op, event.step.name) for event in events_of_engine]


def test_a_creation_starts_and_is_done():
    steps, events = heard(
        told("resourcePreEvent", "create", NODE), told("resOutputsEvent", "create", NODE)
    )

    assert events == [("started", "create", "node-1"), ("done", "create", "node-1")]
    assert steps.summary().counts == {"create": 1}
    assert steps.summary().steps[0].type == "aws:ec2/instance:Instance"


def test_a_replacement_is_one_step_though_the_cli_tells_it_three_times():
    change = {"diffs": ["ami"], "keys": ["ami"], "old": inputs(ami="a"), "new": inputs(ami="b")}
    steps, events = heard(
        told("resourcePreEvent", "delete-replaced", NODE),
        told("resOutputsEvent", "delete-replaced", NODE),
        told("resourcePreEvent", "replace", NODE, **change),
        told("resOutputsEvent", "replace", NODE, **change),
        told("resourcePreEvent", "create-replacement", NODE, **change),
        told("resOutputsEvent", "create-replacement", NODE, **change),
    )

    assert [(step.op, step.detail) for step in steps.summary().steps] == [
        ("replace", 'ami: "a" → "b" (replaces)')
    ]
    assert events == [
        ("started", "delete", "node-1"),
        ("done", "delete", "node-1"),
        ("started", "replace", "node-1"),
        ("done", "replace", "node-1"),
    ]


def test_drift_is_a_refresh_and_what_is_gone_a_deletion():
    steps, _ = heard(
        told("resourcePreEvent", "refresh", NODE),
        told(
            "resOutputsEvent",
            "update",
            NODE,
            diffs=["ami"],
            old=inputs(ami="a"),
            new=inputs(ami="b"),
        ),
        told("resOutputsEvent", "delete", NODE),
        refreshing=True,
    )

    assert [(step.op, step.detail) for step in steps.summary().steps] == [
        ("refresh", 'ami: "a" → "b"'),
        ("delete", "no longer exists"),
    ]


def test_outputs_told_a_second_time_are_no_second_step():
    steps, events = heard(
        told("resOutputsEvent", "same", STACK), told("resOutputsEvent", "same", STACK)
    )

    assert steps.summary().counts == {"same": 1}
    assert events == [("done", "same", "podnet-lab")]


def test_a_provider_that_nobody_declared_is_passed_over():
    steps, events = heard(
        told("resourcePreEvent", "create", PROVIDER), told("resOutputsEvent", "create", PROVIDER)
    )

    assert (steps.summary().steps, events) == ((), [])


def test_exports_are_those_of_the_stack():
    steps, _ = heard(
        told(
            "resOutputsEvent",
            "create",
            STACK,
            new={**inputs(), "outputs": {"vpcId": UNKNOWN_ON_THE_WIRE, "nodes": [1.0, 2.5]}},
        )
    )

    assert steps.summary().outputs == {"vpcId": UNKNOWN, "nodes": [1, 2.5]}
    assert steps.summary(outputs=False).outputs == {}


@pytest.mark.parametrize(
    ("events", "kind", "message"),
    [
        ([diagnosis("error: nodeCount must be", STACK)], ProgramError, "^nodeCount must be"),
        (
            [diagnosis("update failed", STACK), diagnosis("RunInstances was refused", NODE)],
            ResourceError,
            "Instance node-1: RunInstances was refused",
        ),
        ([diagnosis("no such stack")], ProgramError, "no such stack"),
        ([], EngineError, "it just failed"),
    ],
    ids=["program", "resource", "cli", "silence"],
)
def test_the_cause_is_told_rather_than_its_consequences(events, kind, message):
    steps, _ = heard(*events)

    with pytest.raises(kind, match=message):
        raise steps.error("it just failed")


def test_a_value_inside_others_may_be_the_unknown_one():
    assert known({"a": [UNKNOWN_ON_THE_WIRE]}) == {"a": [UNKNOWN]}


SEALED = {SIGNATURE: SECRET, "ciphertext": "[secret]"}


def test_a_secret_export_is_masked_as_the_embedded_engine_does():
    steps, _ = heard(
        told(
            "resOutputsEvent",
            "create",
            STACK,
            new={**inputs(), "outputs": {"kubeconfig": SEALED, "nested": {"token": SEALED}}},
        )
    )

    assert steps.summary().outputs == {"kubeconfig": "[secret]", "nested": {"token": "[secret]"}}


def test_of_a_secret_that_changed_only_that_is_told():
    steps, _ = heard(
        told(
            "resOutputsEvent",
            "update",
            NODE,
            diffs=["userData", "ami"],
            old=inputs(userData="plain", ami="a"),
            new=inputs(userData=SEALED, ami="b"),
        )
    )

    assert [step.detail for step in steps.summary().steps] == ['userData: [secret]; ami: "a" → "b"']
