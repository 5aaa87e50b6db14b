"""The words of the Pulumi CLI, put into those of the embedded engine."""

from __future__ import annotations

import logging

import pytest
from pulumi.automation.events import EngineEvent
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_ON_THE_WIRE

from podnet.lab.engines.embedded import UNKNOWN, EngineError, ProgramError, ResourceError
from podnet.lab.engines.pulumi.events import Steps, plain
from podnet.lab.providers.wire import SECRET, SIGNATURE
from tests.refusals import refused

STACK = "urn:pulumi:lab::podnet::pulumi:pulumi:Stack::podnet-lab"
NODE = "urn:pulumi:lab::podnet::podnet:index:Nodes$aws:ec2/instance:Instance::node-1"
PROVIDER = "urn:pulumi:lab::podnet::pulumi:providers:aws::default_7_51_1"


def event(kind, op, urn, **metadata):
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


def diagnosis(message, urn="", severity="error", **more):
    return EngineEvent.from_json(
        {
            "sequence": 1,
            "timestamp": 1,
            "diagnosticEvent": {
                "message": message,
                "color": "never",
                "severity": severity,
                "urn": urn,
                **more,
            },
        }
    )


def heard(*events, refreshing=False):
    events_of_engine = []
    steps = Steps(events_of_engine.append, refreshing=refreshing)
    for event in events:
        steps.handle(event)
    return steps, [(event.kind, event.step.op, event.step.name) for event in events_of_engine]


def test_a_creation_starts_and_is_done():
    steps, events = heard(
        event("resourcePreEvent", "create", NODE), event("resOutputsEvent", "create", NODE)
    )

    assert events == [("started", "create", "node-1"), ("done", "create", "node-1")]
    assert steps.summary().counts == {"create": 1}
    assert steps.summary().steps[0].type == "aws:ec2/instance:Instance"


def test_a_replacement_is_one_step_though_the_cli_reports_it_three_times():
    change = {"diffs": ["ami"], "keys": ["ami"], "old": inputs(ami="a"), "new": inputs(ami="b")}
    steps, events = heard(
        event("resourcePreEvent", "delete-replaced", NODE),
        event("resOutputsEvent", "delete-replaced", NODE),
        event("resourcePreEvent", "replace", NODE, **change),
        event("resOutputsEvent", "replace", NODE, **change),
        event("resourcePreEvent", "create-replacement", NODE, **change),
        event("resOutputsEvent", "create-replacement", NODE, **change),
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
        event("resourcePreEvent", "refresh", NODE),
        event(
            "resOutputsEvent",
            "update",
            NODE,
            diffs=["ami"],
            old=inputs(ami="a"),
            new=inputs(ami="b"),
        ),
        event("resOutputsEvent", "delete", NODE),
        refreshing=True,
    )

    assert [(step.op, step.detail) for step in steps.summary().steps] == [
        ("refresh", 'ami: "a" → "b"'),
        ("delete", "no longer exists"),
    ]


def test_outputs_reported_a_second_time_are_no_second_step():
    steps, events = heard(
        event("resOutputsEvent", "same", STACK), event("resOutputsEvent", "same", STACK)
    )

    assert steps.summary().counts == {"same": 1}
    assert events == [("done", "same", "podnet-lab")]


def test_a_provider_that_nobody_declared_is_passed_over():
    steps, events = heard(
        event("resourcePreEvent", "create", PROVIDER), event("resOutputsEvent", "create", PROVIDER)
    )

    assert (steps.summary().steps, events) == ((), [])


def test_exports_are_those_of_the_stack():
    steps, _ = heard(
        event(
            "resOutputsEvent",
            "create",
            STACK,
            new={**inputs(), "outputs": {"vpcId": UNKNOWN_ON_THE_WIRE, "nodes": [1.0, 2.5]}},
        )
    )

    assert steps.summary().outputs == {"vpcId": UNKNOWN, "nodes": [1, 2.5]}
    assert steps.summary(outputs=False).outputs == {}


@pytest.mark.parametrize(
    ("events", "kind", "rule", "message"),
    [
        (
            [diagnosis("error: nodeCount must be", STACK)],
            ProgramError,
            "pulumi-reported-error",
            "nodeCount must be",
        ),
        (
            [diagnosis("update failed", STACK), diagnosis("RunInstances was refused", NODE)],
            ResourceError,
            "pulumi-resource-failed",
            "Instance node-1: RunInstances was refused",
        ),
        ([diagnosis("no such stack")], ProgramError, "pulumi-reported-error", "no such stack"),
        ([], EngineError, "pulumi-failed", "it just failed"),
        (
            [
                diagnosis("Traceback:\n\n", severity="info#err"),
                diagnosis("ModuleNotFoundError: No module named 'pulumi'\n\n", severity="info#err"),
                diagnosis("an unhandled error occurred: program exited with exit code: 1"),
            ],
            ProgramError,
            "pulumi-reported-error",
            "Traceback:\nModuleNotFoundError: No module named 'pulumi'\nan unhandled error",
        ),
        (
            [
                diagnosis("podnet:nodeCount must be at least 1, got 0"),
                diagnosis("an unhandled error occurred: program exited with exit code: 1"),
            ],
            ProgramError,
            "pulumi-reported-error",
            "podnet:nodeCount must be at least 1, got 0",
        ),
    ],
    ids=["program", "resource", "cli", "silence", "before-the-sdk", "bad-setting"],
)
def test_the_cause_is_reported_rather_than_its_consequences(events, kind, rule, message):
    steps, _ = heard(*events)

    with refused(rule, kind) as caught:
        raise steps.error("it just failed")
    assert message in str(caught.value)


def test_what_the_program_says_is_logged_once_and_in_its_order(caplog):
    caplog.set_level(logging.DEBUG, "podnet.program")
    heard(
        diagnosis("2 routes\n", severity="info"),
        diagnosis("beginning rpc\n", severity="debug"),
        diagnosis("no quota\n", NODE, severity="warning"),
        diagnosis("2 routes\n", STACK, severity="info"),
        diagnosis("downloading 4 %\n", severity="info", ephemeral=True),
        diagnosis("\n", severity="info"),
        diagnosis("  indented\n", severity="info#err"),
        diagnosis("2 routes\n", severity="warning"),
    )

    assert caplog.record_tuples == [
        ("podnet.program", logging.INFO, "2 routes"),
        ("podnet.program", logging.WARNING, "no quota"),
        ("podnet.program", logging.INFO, "  indented"),
        ("podnet.program", logging.WARNING, "2 routes"),
    ]


def test_a_value_inside_others_may_be_the_unknown_one():
    assert plain({"a": [UNKNOWN_ON_THE_WIRE]}) == {"a": [UNKNOWN]}


SEALED = {SIGNATURE: SECRET, "ciphertext": "[secret]"}


def test_a_secret_export_is_masked_as_the_embedded_engine_does():
    steps, _ = heard(
        event(
            "resOutputsEvent",
            "create",
            STACK,
            new={**inputs(), "outputs": {"kubeconfig": SEALED, "nested": {"token": SEALED}}},
        )
    )

    assert steps.summary().outputs == {"kubeconfig": "[secret]", "nested": {"token": "[secret]"}}


def test_of_a_secret_only_the_change_is_reported():
    steps, _ = heard(
        event(
            "resOutputsEvent",
            "update",
            NODE,
            diffs=["userData", "ami"],
            old=inputs(userData="plain", ami="a"),
            new=inputs(userData=SEALED, ami="b"),
        )
    )

    assert [step.detail for step in steps.summary().steps] == ['userData: [secret]; ami: "a" → "b"']
