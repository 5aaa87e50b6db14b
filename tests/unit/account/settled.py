"""A stack of an account whose nodes have said what they applied, and its `status --live`."""

import json
from functools import cache

import boto3
import pytest
from click.testing import CliRunner
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

import podnet.lab.commands  # noqa: F401  # registers the command
from podnet.account.session import client
from podnet.cli.app import app
from podnet.plan.acknowledgement import parameter
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.plan.tags import FILES, SETTLED
from tests.nodes import said
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
