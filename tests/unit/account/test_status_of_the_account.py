"""`podnet status --live`: what is not as a deployment leaves it, and what keeps it from showing."""

import json
import os
import subprocess
import sys

import pytest

from docs.command_statements import SAID
from podnet.account import acknowledgements, network_policies
from podnet.account.session import client
from podnet.lab.home import PROJECT
from podnet.plan.tags import NODES, ROUTING, STACK
from tests.refusals import refused
from tests.unit.account.conftest import IDENTITY, REGION, tags
from tests.unit.account.settled import (
    OVERLAY,
    ROUTES,
    failing,
    interface,
    made_once,
    node,
    say,
    settled,
    shown,
    ssm,
    text,
)

__all__ = ["made_once", "say", "settled", "ssm"]


def test_routes_that_nobody_needs_are_listed(settled, account):
    eni = interface(settled)
    settled.route("10.1.77.0/24", NetworkInterfaceId=eni)
    assert [(each["destination"], each["unmanaged"]) for each in shown()["routes"]] == [
        ("10.1.77.0/24", True)
    ]
    assert f"unmanaged route in the pod range, left alone: {settled.table}: 10.1.77.0/24" in text()

    for instance in settled.nodes.values():
        tags(account, instance, {ROUTING: OVERLAY})
    account.terminate_instances(InstanceIds=[settled.nodes["node-3"]])

    found = {each["destination"]: each["why"] for each in shown()["routes"]}
    assert found == {
        "10.1.1.0/24": "no node is assigned vpc-routes",
        "10.1.2.0/24": "no node is assigned vpc-routes",
        "10.1.3.0/24": "node-3, whose block it leads to, is missing",
        "10.1.77.0/24": None,
    }
    assert f"stale route: {settled.table}: 10.1.1.0/24 to eni-" in text()


def test_many_routes_are_counted_in_the_table_and_listed_in_json(settled):
    eni = interface(settled)
    for number in range(100, 130):
        settled.route(f"10.1.{number}.0/24", NetworkInterfaceId=eni)

    assert "left alone: and 10 more, which --json lists" in text()
    assert len(shown()["routes"]) == 30


def test_instances_that_are_no_nodes_are_named(settled):
    settled.untag("node-2", ROUTING)

    found = shown()

    assert found["remarks"] == [
        f"{settled.nodes['node-2']} has the tag {STACK} and lacks {ROUTING}"
    ]
    assert found["nodes"][1]["routing"] == {"assigned": None, "applied": ROUTES}


def test_nodes_of_a_vpc_that_names_none_are_given_by_hand(settled, account):
    account.delete_tags(Resources=[settled.vpc], Tags=[{"Key": NODES}])

    with refused("nodes-unsaid"):
        failing("--live", "--region", REGION)
    assert node("node-4", "--nodes", "1-4")["state"] == "missing"


def test_the_permission_that_is_missing_is_named_with_its_policy(settled, monkeypatch):
    def denied(*words):
        made = client(*words)
        made.meta.events.register_first("before-send.ssm.*", _deny)
        return made

    monkeypatch.setattr("podnet.account.session.client", denied)
    with refused("permission-missing") as caught:
        failing("--live", "--region", REGION)
    assert "ssm:GetParametersByPath" in str(caught.value)
    assert "docs/iam/verifier.json" in str(caught.value)


def _deny(request, **_):
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415  # not before moto has begun

    body = json.dumps({"__type": "AccessDeniedException", "message": "not authorized"}).encode()
    raw = type("Raw", (), {"stream": lambda *_, **__: iter([body])})()
    return AWSResponse(request.url, 400, {"x-amzn-errortype": "AccessDeniedException"}, raw)


def test_without_a_region_nothing_is_asked(account):
    with refused("region-unknown"):
        failing("--live")


def test_the_policy_allows_what_is_read_of_parameters_and_no_more(settled, ssm):
    called = []
    ssm.meta.events.register(
        "before-call.ssm.*", lambda model, params, **_: called.append((model.name, params["body"]))
    )
    acknowledgements.read(ssm, IDENTITY)
    network_policies.read(ssm, IDENTITY)

    assert {f"ssm:{name}" for name, _ in called} == set(SAID.actions)
    patterns = {each.partition("parameter")[2].replace("*", IDENTITY) for each in SAID.resources}
    assert {json.loads(body)["Path"] for _, body in called} == patterns


@pytest.mark.parametrize(
    "words",
    [("--region", "eu-central-1"), ("--vpc", "vpc-1"), ("--nodes", "1-3"), ("--json",)],
    ids=lambda words: words[0],
)
def test_what_is_for_an_account_alone_wants_live(words):
    with refused("status-without-live") as caught:
        failing(*words)
    assert str(caught.value).startswith(words[0])


LOADED = ("commands", "commands.machine", "commands.status", "home")
"""Where a command runs is asked before it is known that it is for an account."""


def test_nothing_of_the_lab_is_loaded_for_an_account(tmp_path):
    program = """
import sys
for name in ("kubernetes", "moto", "pyroute2", "pydantic", "cryptography", "yaml", "werkzeug"):
    sys.modules[name] = None
from click.testing import CliRunner
import podnet.lab.commands
from podnet.cli.app import app
done = CliRunner().invoke(app, ["status", "--live"])
print(type(done.exception).__name__, getattr(done.exception, "rule", ""))
print(*sorted(name for name in sys.modules if name.startswith("podnet.lab.")))
"""
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.splitlines() == [
        "UserError region-unknown",
        " ".join(f"podnet.lab.{name}" for name in LOADED),
    ]
