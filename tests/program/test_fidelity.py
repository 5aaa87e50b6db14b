"""Every type and look-up of the program has its rows in docs/provider-fidelity.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from docs.fidelity import rows
from podnet.plan.routing import RoutingMode
from tests.program.account import BALANCER

STACKS = sorted((Path(__file__).parents[2] / "stacks").glob("Pulumi.*.yaml"))
PACKAGES = ("aws:", "kubernetes:")
TAG = "host-gw zones=1 vni=1 port=8472"
ROUTES = {"10.1.99.0/24": "eni-x"}
SETTINGS = {
    "vpc-routes": {"routing": "vpc-routes"},
    "host-gw": {"routing": "host-gw"},
    "overlay": {"routing": "overlay", "zones": "2", "crossZoneOnly": "true"},
    "l2": {"routing": "l2", "nodeRangePrefix": "27"},
    "flannel": {
        "routing": "flannel",
        "kubernetes": "kubeadm",
        "nodeCount": "2",
        "apiCidrs": '["203.0.113.0/24"]',
    },
    "external": {
        "routing": "external",
        "cni": "calico",
        "cniImage": f"registry.example/calico@sha256:{64 * '1'}",
        "kubernetes": "kubeadm",
        "nodeCount": "2",
        "apiCidrs": '["203.0.113.0/24"]',
    },
    "kubeadm": {"kubernetes": "kubeadm", "nodeCount": "2", "sessionManager": "false"},
    "flow logs": {"flowLogs": "all"},
    "administrators": {"sshCidrs": '["203.0.113.0/24"]', "keyName": "mine"},
}


def used(cloud, config):
    """The types and look-ups of a deployment."""
    nodes = int(config.get("podnet:nodeCount", 3))
    cloud.has_cluster(nodes).run_main({"aws:region": "eu-central-1", **config})
    tokens = {item.type for item in cloud.resources} | {token for token, _ in cloud.calls}
    return {token for token in tokens if token.startswith(PACKAGES)}


def living(cloud):
    """A cloud in which a stack runs, so that all of it is looked up."""
    node = {"address": "192.168.1.11", "image": "ami-1", "podnet:routing": TAG}
    # Whose type is not that of the nodes.
    other = {**node, "address": "172.31.0.1", "podnet:stack": "", "type": "c7i.xlarge"}
    there = {"rules": ["test-in-pods"], "others": {"192.168.1.30": "i-0123456789abcdef0"}}
    there["unmanaged_rules"] = {"sgr-9": BALANCER}
    return cloud.holds(node, other, settled=TAG, routes=ROUTES, **there)


def configuration(stack):
    """The configuration of a stack file, as the CLI hands it over."""
    values = yaml.safe_load(stack.read_text())["config"]
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }


def subjects(*tables):
    return {row.subject for row in rows() if row.table in tables}


def missing(tokens):
    """What has no row, by table."""
    types = {token for token in tokens if ":get" not in token}
    aws = {token for token in tokens if token.startswith("aws:")}
    wanted = {
        "Types": types,
        "Creations": types,
        "Look-ups": tokens - types,
        "Permissions": aws,
    }
    return {name: found - subjects(name) for name, found in wanted.items()}


NONE = {name: set() for name in ("Types", "Creations", "Look-ups", "Permissions")}


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name.split(".")[1])
def test_every_stack_has_its_rows(cloud, stack):
    tokens = used(cloud, configuration(stack))

    assert missing(tokens) == NONE


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_every_mode_has_its_rows(cloud, settings):
    tokens = used(cloud, {f"podnet:{name}": value for name, value in settings.items()})

    assert missing(tokens) == NONE


def test_every_mode_is_among_them():
    assert {settings.get("routing") for settings in SETTINGS.values()} >= set(map(str, RoutingMode))


def test_a_stack_that_is_there_has_its_rows_and_no_row_is_of_anything_else(make_cloud):
    tokens = used(living(make_cloud()), {"podnet:routing": "vpc-routes"})
    tokens |= used(make_cloud(), {"podnet:flowLogs": "rejected"})
    calico = {f"podnet:{key}": value for key, value in SETTINGS["external"].items()}
    tokens |= used(make_cloud(), calico)

    assert missing(tokens) == NONE
    for stack in STACKS:
        tokens |= used(make_cloud(), configuration(stack))
    named = {subject for subject in subjects("Types", "Look-ups") if ":" in subject}
    assert named == tokens


def test_a_type_without_a_row_is_named():
    assert missing({"aws:s3/bucket:Bucket", "aws:ec2/getVpc:getVpc", "kubernetes:a/v1:B"}) == {
        "Types": {"aws:s3/bucket:Bucket", "kubernetes:a/v1:B"},
        "Creations": {"aws:s3/bucket:Bucket", "kubernetes:a/v1:B"},
        "Look-ups": {"aws:ec2/getVpc:getVpc"},
        "Permissions": {"aws:s3/bucket:Bucket", "aws:ec2/getVpc:getVpc"},
    }
