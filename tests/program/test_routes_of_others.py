"""Routes to pods that somebody else wrote, as a cloud controller does."""

from __future__ import annotations

import pytest

from tests.program.test_preview import OVERLAY, VPC_ROUTES, node

HOST_GW = "host-gw zones=1 vni=1 port=8472"
ROUTES = {"10.1.1.0/24": "eni-1", "10.1.2.0/24": "eni-2"}


def stack(cloud, tag, **there):
    nodes = [node(each, **{"podnet:routing": tag}) for each in (1, 2)]
    return cloud.holds(*nodes, settled=tag, routes=ROUTES, **there)


def switches(cloud):
    return [text for _, text in cloud.said if text.startswith("routing: ")]


@pytest.mark.parametrize(("mode", "tag"), [("overlay", OVERLAY), ("host-gw", HOST_GW)])
def test_those_of_a_cloud_controller_are_named_and_are_no_switch(cloud, mode, tag):
    stack(cloud, tag, has_pod_routes=False).deploy(routing=mode)

    (said,) = [text for loud, text in cloud.said if loud == "warning"]
    assert "10.1.1.0/24 to eni-1 in rtb-1, 10.1.2.0/24 to eni-2 in rtb-1" in said
    assert "--configure-cloud-routes=false" in said
    assert switches(cloud) == []


@pytest.mark.parametrize(("mode", "tag"), [("overlay", OVERLAY), ("host-gw", HOST_GW)])
def test_those_that_an_interrupted_switch_left_are_a_switch(cloud, mode, tag):
    stack(cloud, tag, has_pod_routes=True).deploy(routing=mode)

    assert len(switches(cloud)) == 1
    assert [text for loud, text in cloud.said if loud == "warning"] == []


@pytest.mark.parametrize(("destination", "target"), [
    ("10.1.0.0/16", "tgw-1"), ("10.1.7.0/24", "pcx-1"), ("10.1.1.128/25", "eni-9"),
])  # fmt: skip
def test_other_routes_in_the_pod_range_are_named_beside_the_stacks_own(cloud, destination, target):
    nodes = [node(each, **{"podnet:routing": VPC_ROUTES}) for each in (1, 2)]
    cloud.holds(*nodes, settled=VPC_ROUTES, routes={**ROUTES, destination: target}).deploy()

    (said,) = [text for loud, text in cloud.said if loud == "warning"]
    assert f"not create: {destination} to {target} in rtb-1; podnet" in said


def test_the_vpc_is_marked_before_the_first_route_and_until_the_last_is_deleted(cloud):
    cloud.deploy()

    (mark,) = (item for item in cloud.of("Tag") if item.inputs["key"] == "podnet:pod-routes")
    assert mark.inputs["resourceId"] == "network-id"
    routes = [item for item in cloud.of("Route") if "networkInterfaceId" in item.inputs]
    assert len(routes) == 2
    assert all(mark.urn in item.depends_on for item in routes)
    assert {item.creation_hooks for item in routes} == {("pod-routes-free",)}


@pytest.mark.parametrize("mode", ["overlay", "host-gw"])
def test_where_routes_are_not_the_vpcs_nothing_is_marked(cloud, mode):
    cloud.deploy(routing=mode)

    assert [item for item in cloud.of("Tag") if item.inputs["key"] == "podnet:pod-routes"] == []
