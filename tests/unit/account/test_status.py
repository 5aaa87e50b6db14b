"""`podnet status --live`: what nodes of an account are assigned, and what they said of it."""

import json
import os
import subprocess
import sys
from functools import cache

import boto3
import pytest
from click.testing import CliRunner
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

import podnet.lab.commands  # noqa: F401  # registers the command
from docs.permission_statements import SAID
from podnet.account import acknowledgements
from podnet.account.session import client
from podnet.cli.app import app
from podnet.lab.home import PROJECT
from podnet.plan.acknowledgement import UNWRITTEN, folder, parameter
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.plan.tags import FILES, NODES, ROUTING, SETTLED, STACK
from tests.nodes import said
from tests.refusals import refused
from tests.unit.account.conftest import IDENTITY, REGION, SETTINGS, tags
from tests.unit.lab.cloud.world.conftest import seen

ROUTES = SETTINGS.node_routing.tag()
OVERLAY = Settings(node_count=3, routing=RoutingMode.OVERLAY).node_routing.tag()
DIGEST = "0123456789ab" + 52 * "f"
CLIENTS = cache(client)
NAMES = ("node-1", "node-2", "node-3")


@pytest.fixture
def ssm(account):
    """SSM of the account, without parameters."""
    get_backend("ssm")[DEFAULT_ACCOUNT_ID][REGION].reset()
    return boto3.client("ssm", region_name=REGION)


@pytest.fixture(autouse=True)
def made_once(monkeypatch):
    """A client for each service, since making one takes boto3 most of a second."""
    for place in ("podnet.account.session", "podnet.account.stacks"):
        monkeypatch.setattr(f"{place}.client", CLIENTS)


@pytest.fixture
def say(ssm):
    """Writes the value of a node's parameter."""

    def write(node, text):
        ssm.put_parameter(Name=parameter(IDENTITY, node), Value=text, Type="String", Overwrite=True)

    return write


@pytest.fixture
def settled(dev, account, say):
    """A stack whose deployment has ended."""
    tags(account, dev.vpc, {SETTLED: ROUTES})
    for name, instance in dev.nodes.items():
        tags(account, instance, {FILES: DIGEST})
        say(name, said(instance, ROUTES, DIGEST))
    return dev


def run(*words):
    """The command, which must not fail."""
    done = CliRunner().invoke(app, ["status", "--live", "--region", REGION, *words])
    assert (done.exception, done.exit_code) == (None, 0)
    return done


def shown(*words):
    return json.loads(run("--json", *words).stdout)


def text(*words):
    """What is printed, on one line."""
    return " ".join(run(*words).stdout.split())


def node(name, *words):
    return next(each for each in shown(*words)["nodes"] if each["name"] == name)


def interface(stack):
    """The network interface of some node."""
    return seen(stack.ec2).enis[0].id


def failing(*words):
    CliRunner().invoke(app, ["status", *words], catch_exceptions=False)


def test_a_settled_stack_is_shown_node_by_node(settled):
    found = shown()

    assert found == {
        "stack": IDENTITY,
        "vpc": settled.vpc,
        "settled": ROUTES,
        "nodes": [
            {
                "name": name,
                "instance": settled.nodes[name],
                "state": "running",
                "address": f"192.168.1.1{name[-1]}",
                "routing": {"assigned": ROUTES, "applied": ROUTES},
                "files": {"assigned": DIGEST[:12], "applied": DIGEST[:12]},
                "said": "2026-11-29T12:00:00+00:00",
                "problems": [],
                "remark": None,
            }
            for name in NAMES
        ],
        "routes": [],
        "remarks": [],
    }
    done = run()
    assert f"stack {IDENTITY} ({settled.vpc}) in {REGION}" in done.stderr
    assert all(value in done.stdout for value in (*settled.nodes.values(), "192.168.1.13"))
    assert f"says {ROUTES!r}, which every node is assigned" in " ".join(done.stdout.split())


def test_a_switch_that_goes_on_shows_who_has_followed(settled, account, say):
    for name, instance in settled.nodes.items():
        tags(account, instance, {ROUTING: OVERLAY})
        if name != "node-2":
            say(name, said(instance, OVERLAY, DIGEST))

    found = {each["name"]: each["routing"] for each in shown()["nodes"]}

    assert found == {
        "node-1": {"assigned": OVERLAY, "applied": OVERLAY},
        "node-2": {"assigned": OVERLAY, "applied": ROUTES},
        "node-3": {"assigned": OVERLAY, "applied": OVERLAY},
    }
    assert f"says {ROUTES!r}, and nodes are assigned {OVERLAY!r}: a switch goes on" in text()


def test_what_a_node_named_and_the_release_it_runs_are_shown(settled, say):
    say("node-2", said(settled.nodes["node-2"], ROUTES, "9" * 64, "no [lease], and no link"))

    found, printed = node("node-2"), text()
    assert found["problems"] == ["no [lease], and no link"]
    assert found["files"] == {"assigned": DIGEST[:12], "applied": "9" * 12}
    assert "node-2 is not ready: no [lease], and no link" in printed
    assert "9" * 12 in printed
    assert printed.count("assigned:") == 1


def test_a_node_that_must_be_there_is_a_row(settled, account):
    account.terminate_instances(InstanceIds=[settled.nodes["node-3"]])

    gone = node("node-3")

    assert (gone["instance"], gone["state"]) == (None, "missing")
    assert gone["remark"].startswith(
        f"{settled.nodes['node-3']} was it, and had {ROUTES!r} at 2026"
    )
    assert gone["routing"] == {"assigned": None, "applied": None}
    assert node("node-9", "--nodes", "1-2 9")["state"] == "missing"
    unexpected, parameters = shown("--nodes", "1")["remarks"]
    assert unexpected.startswith("node-2: not among the nodes that must be there")
    assert parameters == "there are parameters of node-3, which is no node of the stack"


def test_what_a_replaced_node_said_is_not_its_successors(settled, say):
    say("node-1", said("i-0before", OVERLAY))

    found = node("node-1")

    assert found["routing"] == {"assigned": ROUTES, "applied": None}
    assert found["said"] is None
    assert "i-0before, which was this node before, had" in found["remark"]
    assert f"node-1: {found['remark']}" in text()


def test_a_stopped_node_is_named_beside_what_it_said_last(settled, account):
    account.stop_instances(InstanceIds=[settled.nodes["node-2"]])

    found = node("node-2")

    assert found["state"] == "stopped"
    assert found["routing"]["applied"] == ROUTES
    assert found["remark"] == "its instance is stopped: it reads its tag when it starts"


ODD = [
    "a shopping list",
    "[]",
    '"x"',
    "{}",
    "[" * 2000,
    said("i-1", ROUTES).replace('"i-1"', "1"),
    said("i-1", ROUTES).replace(f'"{ROUTES}"', "[]"),
    said("i-1", ROUTES).replace('"problems": []', '"problems": 5'),
]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_a_value_that_no_node_of_podnet_wrote_is_named_and_the_others_count(settled, say, value):
    say("node-2", value)

    found = {each["name"]: each for each in shown()["nodes"]}

    assert "is nothing that a node of podnet writes" in found["node-2"]["remark"]
    assert parameter(IDENTITY, "node-2") in found["node-2"]["remark"]
    assert [found[name]["routing"]["applied"] for name in NAMES] == [ROUTES, None, ROUTES]
    assert "node-2: /podnet/" in text()


def test_a_parameter_that_is_gone_or_unwritten_or_of_no_node_is_named(settled, ssm, say):
    ssm.delete_parameter(Name=parameter(IDENTITY, "node-1"))
    say("node-2", UNWRITTEN)
    say("node-77", UNWRITTEN)

    found = shown()

    assert [each["remark"] for each in found["nodes"]] == [
        f"its parameter {parameter(IDENTITY, 'node-1')} is not there; the next deployment makes it",
        "it has said nothing yet",
        None,
    ]
    assert found["remarks"] == ["there are parameters of node-77, which is no node of the stack"]


def test_a_stack_without_any_parameter_says_so(dev, ssm):
    found = shown()

    assert f"no parameter is below {folder(IDENTITY)}" in found["remarks"][0]
    assert {each["routing"]["applied"] for each in found["nodes"]} == {None}
    assert "is not there: no deployment has seen all nodes apply their routing" in text()


def test_more_nodes_than_a_page_of_parameters_holds_are_all_read(settled, ssm, say):
    for number in range(4, 30):
        say(f"node-{number}", UNWRITTEN)

    assert {*acknowledgements.read(ssm, IDENTITY)} == {f"node-{each}" for each in range(1, 30)}


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

    assert {f"ssm:{name}" for name, _ in called} == set(SAID.actions)
    (resource,) = SAID.resources
    pattern = resource.partition("parameter")[2].replace("*", IDENTITY)
    assert {json.loads(body)["Path"] for _, body in called} == {pattern}


@pytest.mark.parametrize(
    "words",
    [("--region", "eu-central-1"), ("--vpc", "vpc-1"), ("--nodes", "1-3"), ("--json",)],
    ids=lambda words: words[0],
)
def test_what_is_for_an_account_alone_wants_live(words):
    with refused("status-without-live") as caught:
        failing(*words)
    assert str(caught.value).startswith(words[0])


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
        "podnet.lab.commands podnet.lab.commands.status",
    ]
