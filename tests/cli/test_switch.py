"""Switching and renumbering: the real Pulumi CLI does as the embedded engine does."""

from __future__ import annotations

import logging
import time

import boto3
import pytest

from podnet.lab.engines.embedded import EngineError, ResourceError
from tests.cli.conftest import REGION
from tests.nodes import freezing

pytestmark = pytest.mark.cli

ADDED = {("create", "firewall-in-vxlan-8472")}
ASSIGNED = {("update", "routing-mode-a-node-1"), ("update", "routing-mode-a-node-2")}
SAID = {("refresh", "acknowledgements-a-node-1"), ("refresh", "acknowledgements-a-node-2")}
"""What a refresh finds that nodes wrote, and no deployment minds."""
APPLIED = ("update", "routing-mode-settled")
CLOSED = ("update", "routing-mode")
REMOVED = {
    ("delete", "firewall-in-pods"),
    ("delete", "pod-routes-a-node-1"),
    ("delete", "pod-routes-a-node-2"),
    ("delete", "pod-routes"),
}


def steps(summary):
    return {(step.op, step.name) for step in summary.changes}


def test_a_switch_adds_assigns_waits_closes_and_removes_in_this_order(engine, caplog):
    engine().up()
    caplog.set_level(logging.INFO, "podnet.program")
    events = []

    def hear(event):
        if event.kind == "done" and event.step.op != "same":
            events.append((time.monotonic(), (event.step.op, event.step.name)))

    planned = engine(routing="overlay").preview()
    logged = caplog.text
    caplog.clear()
    done = engine(hear, routing="overlay").up()
    last = {name: (moment, place) for place, (moment, name) in enumerate(events)}

    for text in (logged, caplog.text):
        assert "vpc-routes -> overlay" in text
        assert [f"  {number}. " in text for number in (1, 2, 3, 4)] == [True] * 4
    assert steps(planned) == steps(done) == {*ADDED, *ASSIGNED, APPLIED, CLOSED, *REMOVED}
    order = [last[name][1] for name in (*ADDED, *ASSIGNED, APPLIED, CLOSED)]
    assert max(order[:1]) < min(order[1:3])
    assert max(order[1:3]) < order[3] < order[4] < min(last[name][1] for name in REMOVED)
    assert steps(engine(routing="overlay").refresh()) == SAID
    assert engine(routing="overlay").up().changes == ()


def test_a_node_that_does_not_follow_ends_a_switch_and_the_next_one_goes_on(engine, endpoint):
    engine().up()
    ssm = boto3.client(
        "ssm",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    deleted = []

    def hear(event):
        if event.step.op == "delete":
            deleted.append(event.step.name)

    with freezing(ssm, "node-2"), pytest.raises(EngineError) as caught:
        engine(hear, routing="overlay", settleTimeout="10").up()
    text = str(caught.value)
    finished = engine(routing="overlay").up()

    assert "1 of 2 nodes have not applied the routing 'overlay" in text
    assert "- node-2 (i-" in text
    assert "it has 'vpc-routes zones=1 vni=1 port=8472'" in text
    assert deleted == []
    assert steps(finished) >= {APPLIED, CLOSED, *REMOVED}
    assert not steps(finished) & (ADDED | ASSIGNED)


def test_other_numbers_replace_every_node_with_files_that_say_them(engine, ec2):
    engine().up()
    summary = engine(podCidr="10.64.0.0/16").up()
    nodes = [
        one
        for reservation in ec2.describe_instances(
            Filters=[{"Name": "instance-state-name", "Values": ["running"]}]
        )["Reservations"]
        for one in reservation["Instances"]
    ]
    versions = {
        tag["Value"] for node in nodes for tag in node["Tags"] if tag["Key"] == "podnet:version"
    }

    assert {name for op, name in steps(summary) if op == "replace"} >= {
        "nodes-a-node-1",
        "nodes-a-node-2",
    }
    assert versions == {summary.outputs["version"]}


def test_a_tag_that_somebody_changed_is_found_and_put_right(engine, ec2):
    engine().up()
    ((node, *_),) = (
        [one["InstanceId"] for one in reservation["Instances"]]
        for reservation in ec2.describe_instances(
            Filters=[{"Name": "tag:podnet:node", "Values": ["node-1"]}]
        )["Reservations"]
    )
    ec2.create_tags(Resources=[node], Tags=[{"Key": "podnet:routing", "Value": "magic"}])
    found = engine().refresh()

    assert steps(found) == {("refresh", "routing-mode-a-node-1"), *SAID}
    assert steps(engine().up()) == {("update", "routing-mode-a-node-1")}


def test_after_a_run_that_failed_everything_is_looked_at_first(engine, ec2, project):
    files = {file: file.read_bytes() for file in (project / "stacks").iterdir()}
    made = engine().up()
    with pytest.raises(ResourceError):
        engine(nodeCount="3", imageId="ami-00000000").up()
    table = next(iter(made.outputs["routeTableIds"].values()))
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.1.2.0/24")

    assert ("create", "pod-routes-a-node-2") in steps(engine().up())
    assert {file: file.read_bytes() for file in (project / "stacks").iterdir()} == files
