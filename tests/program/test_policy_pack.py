"""The policy pack as Pulumi starts it: a process that is asked by gRPC."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from podnet.verify.policies import POLICIES
from tests.program.plans import Plan

PACK = Path(__file__).parents[2] / "policy"
MANDATORY = analyzer_pb2.EnforcementLevel.Value("MANDATORY")


@pytest.fixture(scope="module")
def pack():
    """The pack at work, from another directory, as the engine asks it."""
    with subprocess.Popen(
        [sys.executable, "-u", PACK, "127.0.0.1:1"], stdout=subprocess.PIPE, text=True, cwd="/"
    ) as process:
        channel = grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}")
        yield analyzer_pb2_grpc.AnalyzerStub(channel)
        channel.close()
        process.terminate()


def struct(values):
    found = struct_pb2.Struct()
    found.update({key: value for key, value in values.items() if value is not None})
    return found


def violations(pack, plan):
    """What the pack says of a plan, as the engine asks it: of each resource, then of all."""
    states = [step["newState"] for step in plan.steps]
    answers = [
        pack.Analyze(
            analyzer_pb2.AnalyzeRequest(
                type=state["type"],
                urn=state["urn"],
                name=state["urn"].rpartition("::")[2],
                properties=struct(state["inputs"]),
            )
        )
        for state in states
    ]
    resources = [
        analyzer_pb2.AnalyzerResource(
            type=state["type"],
            urn=state["urn"],
            name=state["urn"].rpartition("::")[2],
            properties=struct(state["inputs"]),
            propertyDependencies={
                name: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns)
                for name, urns in state["propertyDependencies"].items()
            },
        )
        for state in states
    ]
    answers.append(pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources)))
    return {
        (each.policyName, each.urn.rpartition("::")[2], each.enforcementLevel)
        for answer in answers
        for each in answer.diagnostics
    }


def test_the_pack_names_its_policies_and_all_are_mandatory(pack):
    info = pack.GetAnalyzerInfo(empty_pb2.Empty())

    assert info.name == "podnet"
    assert {(each.name, each.enforcementLevel) for each in info.policies} == {
        (each.name, MANDATORY) for each in POLICIES
    }


def test_podnets_own_plan_violates_nothing_although_much_is_not_known_yet(pack):
    assert violations(pack, Plan.of(nodeCount="3")) == set()


def test_what_a_transform_changed_violates_policies_of_both_kinds(pack):
    plan = (
        Plan.of(nodeCount="3")
        .changed("Instance", "nodes-a-node-2", sourceDestCheck=True, metadataOptions={})
        .changed("Vpc", "network", cidrBlock="10.1.0.0/16")
        .changed("RouteTable", "network-a", routes=[{"cidrBlock": "10.9.0.0/16"}])
    )

    assert violations(pack, plan) == {
        ("source-dest-check", "nodes-a-node-2", MANDATORY),
        ("metadata-for-nodes-alone", "nodes-a-node-2", MANDATORY),
        ("pod-range-outside-vpc", "network", MANDATORY),
        ("no-inline-entries", "network-a", MANDATORY),
    }


def test_the_pack_is_pinned_apart_from_the_program():
    pinned = (PACK / "requirements.txt").read_text()
    wanted = (PACK / "requirements.in").read_text().strip()

    assert f"{wanted} \\\n    --hash=sha256:" in pinned
    assert yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())["runtime"]["name"] == "python"
