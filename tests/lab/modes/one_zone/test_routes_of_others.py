"""A route to pods that a cloud controller wrote, beside podnet's own."""

import re

import pytest

from podnet.errors import UserError
from podnet.plan.routing import RoutingMode

pytestmark = [pytest.mark.lab, pytest.mark.long]

BLOCK = "10.1.1.0/24"


def test_a_cloud_controllers_route_is_named_and_in_the_way_before_anything_changes(lab, caplog):
    lab.change(routing=RoutingMode.OVERLAY)
    (table,) = lab.outputs["routeTableIds"].values()
    # As cloud-provider-aws writes it, by the instance.
    lab.ec2.create_route(
        RouteTableId=table,
        DestinationCidrBlock=BLOCK,
        InstanceId=lab.node("node-1").instance_id,
    )
    try:
        changes = lab.up().changes
        named = f"{BLOCK} to " in caplog.text
        with pytest.raises(UserError, match=re.escape(f"{table} has a route for {BLOCK} already")):
            lab.up(routing=RoutingMode.VPC_ROUTES)
        left = lab.red()
    finally:
        lab.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=BLOCK)
    lab.change(routing=RoutingMode.VPC_ROUTES)

    assert (changes, named, left) == ((), True, set())
    assert lab.pod_routes() == {node["podBlock"] for node in lab.outputs["nodes"].values()}
    assert lab.red() == set()
    marks = lab.ec2.describe_vpcs(Filters=[{"Name": "tag:podnet:pod-routes", "Values": ["true"]}])[
        "Vpcs"
    ]
    assert [vpc["VpcId"] for vpc in marks] == [lab.outputs["vpcId"]]

    lab.change(routing=RoutingMode.OVERLAY)

    assert lab.pod_routes() == set()
    assert (
        lab.ec2.describe_vpcs(Filters=[{"Name": "tag-key", "Values": ["podnet:pod-routes"]}])[
            "Vpcs"
        ]
        == []
    )
