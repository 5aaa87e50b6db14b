"""The real Pulumi CLI with the lab's plugin: a stack from its first preview to its end."""

from __future__ import annotations

import json
import logging
import os
import subprocess

import pytest

from podnet.lab.engines.embedded import (
    Engine,
    EngineError,
    ProgramError,
    ResourceError,
    StateLockedError,
)
from podnet.lab.engines.pulumi.cli import PulumiCli
from podnet.lab.providers.aws import AwsProvider
from tests.cli.conftest import IMAGE, NEWER_IMAGE, REGION

pytestmark = pytest.mark.cli


def names(summary, op):
    return {step.name for step in summary.steps if step.op == op}


def said_in(caplog):
    """What the program has said since the last time, by level."""
    said = [record[1:] for record in caplog.record_tuples if record[0] == "podnet.program"]
    caplog.clear()
    return said


def files(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".venv" not in path.parts
    }


def test_a_stack_is_previewed_made_left_alone_grown_repaired_and_destroyed(cli, ec2, project):
    before = files(project)
    planned = cli().preview()
    made = cli().up()

    assert planned.counts == made.counts == {"create": len(made.steps)}
    assert {node["privateIp"] for node in made.outputs["nodes"].values()} == {
        "192.168.1.11",
        "192.168.1.12",
    }
    assert cli().outputs() == made.outputs

    again = cli().up()

    assert again.changes == ()
    assert again.outputs == made.outputs

    grown = cli(nodeCount="3").preview()

    assert {(step.op, step.name) for step in grown.changes} == {
        ("create", "acknowledgements-a-node-3"),
        ("create", "assigned-release-a-node-3"),
        ("create", "nodes-a-node-3"),
        ("create", "pod-routes-a-node-3"),
        ("create", "routing-mode-a-node-3"),
        # The VPC's tag says which nodes are to be there.
        ("update", "network"),
    }

    table = next(iter(made.outputs["routeTableIds"].values()))
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.1.2.0/24")
    group = ec2.describe_security_groups(Filters=[{"Name": "tag:Name", "Values": ["lab-nodes"]}])[
        "SecurityGroups"
    ][0]["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 80,
                "ToPort": 80,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            }
        ],
    )
    found = cli().refresh()

    assert {(step.op, step.type, step.name) for step in found.changes} == {
        ("delete", "aws:ec2/route:Route", "pod-routes-a-node-2"),
        (
            "refresh",
            "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive",
            "routing-mode",
        ),
        # What the nodes wrote since; no deployment changes it.
        ("refresh", "aws:ssm/parameter:Parameter", "acknowledgements-a-node-1"),
        ("refresh", "aws:ssm/parameter:Parameter", "acknowledgements-a-node-2"),
    }

    repaired = cli().up()

    assert {(step.op, step.name) for step in repaired.changes} == {
        ("create", "pod-routes-a-node-2"),
        ("update", "routing-mode"),
    }
    assert cli().refresh().changes == ()

    gone = cli().destroy()

    assert gone.counts == {"delete": len(made.steps)}
    assert gone.outputs == {}
    assert [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]] == []
    assert files(project) == before


def test_both_engines_plan_and_say_the_same(cli, project, tmp_path, endpoint, caplog):
    caplog.set_level(logging.INFO, "podnet.program")
    settings = {"podnet:nodeCount": "2", "podnet:imageId": IMAGE}
    embedded = Engine(
        project,
        "lab",
        tmp_path / "state.json",
        {"aws": AwsProvider(endpoint, REGION)},
        config=settings,
    ).preview()
    said = said_in(caplog)
    by_cli = cli().preview()

    assert len(said) == len({*said}) > 0
    assert said_in(caplog) == said
    assert {(step.op, step.urn) for step in by_cli.steps} == {
        (step.op, step.urn) for step in embedded.steps
    }
    assert by_cli.counts == embedded.counts
    assert by_cli.outputs == embedded.outputs


def test_progress_is_reported_and_a_replacement_says_what_differs(cli):
    cli().up()
    events = []
    newer = cli(imageId=NEWER_IMAGE).up()
    summary = cli(events.append, imageId=NEWER_IMAGE, roll='["node-1"]').up()
    (replaced,) = (step for step in summary.changes if step.name == "nodes-a-node-1")

    assert newer.changes == ()
    assert names(summary, "replace") == {
        "assigned-release-a-node-1",
        "nodes-a-node-1",
        "routing-mode-a-node-1",
    }
    assert names(summary, "update") == {"pod-routes-a-node-1"}
    assert replaced.detail == f'ami: "{IMAGE}" → "{NEWER_IMAGE}" (replaces)'
    assert [
        (event.kind, event.step.op) for event in events if event.step.name == "nodes-a-node-1"
    ] == [("started", "delete"), ("done", "delete"), ("started", "replace"), ("done", "replace")]


def test_bad_settings_are_reported_in_the_programs_words(cli):
    with pytest.raises(ProgramError, match="nodeCount must be at least 1, got 0"):
        cli(nodeCount="0").preview()


def test_a_resource_that_fails_is_named_and_the_next_up_goes_on(cli, ec2):
    with pytest.raises(ResourceError, match=r"Instance nodes-a-node-\d: .*ami-00000000.*not exist"):
        cli(imageId="ami-00000000").up()
    summary = cli().up()

    assert names(summary, "create") >= {"nodes-a-node-1", "nodes-a-node-2"}
    assert "network" in names(summary, "same")


def test_an_endpoint_that_is_not_on_this_machine_is_refused(project, tmp_path):
    with pytest.raises(ValueError, match=r"https://ec2.eu-central-1.amazonaws.com"):
        PulumiCli(project, "lab", tmp_path, "https://ec2.eu-central-1.amazonaws.com", REGION)


def test_without_a_cli_the_embedded_engine_is_named_as_the_way_out(cli, monkeypatch):
    monkeypatch.setenv("PATH", os.devnull)

    with pytest.raises(EngineError, match="embedded"):
        cli().preview()


def lock(tmp_path, pid):
    folder = tmp_path / "home/backend/.pulumi/locks/organization/podnet/lab"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "00000000-0000-4000-8000-000000000000.json").write_text(
        json.dumps(
            {"pid": pid, "username": "root", "hostname": "lab", "timestamp": "2026-01-01T00:00:00Z"}
        )
    )


def test_a_lock_that_a_killed_cli_left_is_cleared(cli, tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    lock(tmp_path, ended.pid)

    assert cli().destroy().steps == ()


def test_a_cli_that_is_still_at_work_is_named(cli, tmp_path):
    lock(tmp_path, os.getpid())
    driver = cli()
    driver._lock_timeout = 0.3  # noqa: SLF001

    with pytest.raises(StateLockedError, match=f"process {os.getpid()}"):
        driver.destroy()
