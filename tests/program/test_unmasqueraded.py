"""Ranges in which pods are seen as they are, against the routes that the account has."""

from __future__ import annotations

import json

import pulumi
import pytest

from tests.program.test_preview import VPC_ROUTES, node

RANGES = json.dumps(["10.20.0.0/16"])
TAG = "vpc-routes zones=1 unmasqueraded=10.20.0.0/16 vni=1 port=8472"


def stack(cloud, target, tag=VPC_ROUTES):
    nodes = [node(each, **{"podnet:routing": tag}) for each in (1, 2)]
    return cloud.holds(*nodes, settled=tag, routes={"10.20.0.0/16": target})


def warnings(cloud):
    return [text for loud, text in cloud.said if loud == "warning"]


@pytest.mark.parametrize("target", ["pcx-1", "vgw-1", "nat-1", "igw-2"])
def test_a_range_that_aws_would_drop_stops_the_program(cloud, target):
    stack(cloud, target)

    with pytest.raises(pulumi.RunError, match=rf"10\.20\.0\.0/16 by rtb-1 to {target}, a"):
        cloud.deploy(unmasqueradedCidrs=RANGES)
    assert cloud.resources == []


@pytest.mark.parametrize("target", ["tgw-1", "eni-9"])
def test_a_range_that_is_carried_comes_to_every_node_by_its_tag(cloud, target):
    stack(cloud, target).deploy(unmasqueradedCidrs=RANGES)

    tags = [item for item in cloud.inputs("Tag").values() if item["key"] == "podnet:routing"]
    assert [item["value"] for item in tags] == [TAG, TAG]
    assert warnings(cloud) == []
    assert any("10.1.0.0/16 from there to this VPC" in text for _, text in cloud.said)


def test_a_range_changes_nothing_that_a_node_is_made_with(cloud):
    stack(cloud, "tgw-1").deploy(unmasqueradedCidrs=RANGES)

    assert {item.inputs["tags"]["podnet:network"] for item in cloud.of("Instance")} == {
        node(1)["podnet:network"]
    }


def test_a_route_that_is_lost_later_is_a_warning(cloud):
    (said,) = warnings(stack(cloud, "pcx-1", TAG).deploy(unmasqueradedCidrs=RANGES))

    assert "10.20.0.0/16 by rtb-1 to pcx-1" in said


def test_a_new_stack_has_no_such_routes_yet(cloud):
    (said,) = warnings(cloud.deploy(unmasqueradedCidrs=RANGES))

    assert "without a route to 10.20.0.0/16" in said
