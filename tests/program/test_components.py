"""Each component by itself, with values that only its arguments can have brought."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from podnet.components.firewall import Firewall, FirewallArgs
from podnet.components.network import Network, NetworkArgs
from podnet.components.pod_routes import PodRoutes, PodRoutesArgs
from podnet.components.routing_mode import RoutingMode, RoutingModeArgs
from podnet.components.routing_wait import RoutingWait
from podnet.components.tags import common
from podnet.plan.firewall import ANYWHERE, Rule
from podnet.plan.nodes import planned_nodes, planned_zones
from podnet.plan.settings import Settings

SETTINGS = Settings(
    vpc_cidr=IPv4Network("172.20.4.0/22"),
    pod_cidr=IPv4Network("10.64.0.0/12"),
    subnet_prefix=23,
    zones=2,
    node_count=1,
)
TAGS = common("test", {})


def network() -> Network:
    return Network(
        "net",
        NetworkArgs(
            vpcs=(),
            vpc_cidr=SETTINGS.vpc_cidr,
            zones=planned_zones(SETTINGS),
            instance_type="t3.small",
            tags=TAGS,
            nodes=planned_nodes(SETTINGS),
        ),
    )


def firewall() -> Firewall:
    return Firewall(
        "wall",
        FirewallArgs(
            vpc_id="vpc-1",
            ingress={
                "nodes": Rule(description="Each other"),
                "web": Rule(
                    description="The web",
                    protocol="tcp",
                    from_port=80,
                    to_port=81,
                    peer=IPv4Network("198.51.100.0/24"),
                ),
            },
            egress={"all": Rule(description="Out", peer=ANYWHERE)},
            tags=TAGS,
        ),
    )


def routing(after: Sequence[pulumi.Resource] = ()) -> RoutingMode:
    return RoutingMode(
        "mode",
        RoutingModeArgs(
            nodes=planned_nodes(SETTINGS),
            instances={
                name: aws.ec2.Instance(name, instance_type="t3.small")
                for name in ("node-1", "node-65")
            },
            routing="overlay zones=2",
            after=after,
            wait=RoutingWait(
                stack="organization/podnet/test",
                nodes=planned_nodes(SETTINGS),
                routing="overlay zones=2",
                timeout_seconds=60,
                doubted={},
            ),
            vpc=aws.ec2.Vpc("vpc-1", cidr_block="172.20.4.0/22"),
            firewall=firewall(),
            is_exclusive=True,
        ),
    )


def pod_routes() -> PodRoutes:
    return PodRoutes(
        "routes",
        PodRoutesArgs(
            nodes=planned_nodes(SETTINGS),
            interface_ids={"node-1": "eni-1", "node-65": "eni-2"},
            route_table_ids={"a": "rtb-a", "b": "rtb-b"},
            vpc=aws.ec2.Vpc("vpc-1", cidr_block="172.20.4.0/22"),
            tables={},
        ),
    )


def test_the_default_security_group_is_closed_and_watched(cloud):
    cloud.build(network)

    group = cloud.inputs("DefaultSecurityGroup")["net"]
    assert (group["vpcId"], group["ingress"], group["egress"]) == ("net-id", [], [])


def test_every_table_leads_to_the_internet_through_the_gateway(cloud):
    cloud.build(network)

    assert cloud.inputs("InternetGateway")["net"]["vpcId"] == "net-id"
    assert {
        name: (route["routeTableId"], route["destinationCidrBlock"], route["gatewayId"])
        for name, route in cloud.inputs("Route").items()
    } == {
        "net-a-internet": ("net-a-id", "0.0.0.0/0", "net-id"),
        "net-b-internet": ("net-b-id", "0.0.0.0/0", "net-id"),
    }


def test_tables_have_no_routes_of_their_own(cloud):
    cloud.build(network)

    assert [name for name, table in cloud.inputs("RouteTable").items() if "routes" in table] == []


def test_a_subnet_never_moves_because_the_list_of_zones_changed(cloud):
    cloud.build(network)

    assert {item.ignore_changes for item in cloud.of("Subnet")} == {("availabilityZone",)}


def test_a_subnet_goes_before_its_successor_comes_since_the_two_may_overlap(cloud):
    cloud.build(network)

    assert [item.delete_before_replace for item in cloud.of("Subnet")] == [True, True]


def test_the_vpc_answers_for_names(cloud):
    cloud.build(network)
    vpc = cloud.inputs("Vpc")["net"]

    assert (vpc["cidrBlock"], vpc["enableDnsSupport"], vpc["enableDnsHostnames"]) == (
        "172.20.4.0/22",
        True,
        True,
    )


def test_rules_are_resources_of_their_own_with_a_range_or_the_group_as_peer(cloud):
    cloud.build(firewall)
    rules = {
        name: {key: value for key, value in rule.items() if key != "tags"}
        for kind in ("SecurityGroupIngressRule", "SecurityGroupEgressRule")
        for name, rule in cloud.inputs(kind).items()
    }

    assert rules == {
        "wall-in-nodes": {
            "securityGroupId": "wall-id",
            "ipProtocol": "-1",
            "description": "Each other",
            "referencedSecurityGroupId": "wall-id",
        },
        "wall-in-web": {
            "securityGroupId": "wall-id",
            "ipProtocol": "tcp",
            "description": "The web",
            "fromPort": 80,
            "toPort": 81,
            "cidrIpv4": "198.51.100.0/24",
        },
        "wall-out-all": {
            "securityGroupId": "wall-id",
            "ipProtocol": "-1",
            "description": "Out",
            "cidrIpv4": "0.0.0.0/0",
        },
    }
    assert not {"ingress", "egress"} & cloud.inputs("SecurityGroup")["wall"].keys()


def test_a_rule_added_by_hand_has_no_place_beside_the_rules_of_the_plan(cloud):
    cloud.build(routing)

    assert cloud.inputs("VpcSecurityGroupRulesExclusive") == {
        "mode": {
            "securityGroupId": "wall-id",
            "ingressRuleIds": ["wall-in-nodes-id", "wall-in-web-id"],
            "egressRuleIds": ["wall-out-all-id"],
        }
    }


def test_the_vpc_leaves_the_tag_alone_that_tells_when_a_switch_has_settled(cloud):
    cloud.build(network)

    assert [item.ignore_changes for item in cloud.of("Vpc")] == [
        ('tags["podnet:settled"]', 'tags["podnet:pod-routes"]')
    ]


def test_every_block_is_routed_to_its_own_node_in_every_table(cloud):
    cloud.build(pod_routes)
    routes = {
        name: (route["routeTableId"], route["destinationCidrBlock"], route["networkInterfaceId"])
        for name, route in cloud.inputs("Route").items()
    }

    assert routes == {
        "routes-a-node-1": ("rtb-a", "10.64.1.0/24", "eni-1"),
        "routes-a-node-65": ("rtb-a", "10.64.65.0/24", "eni-2"),
        "routes-b-node-1": ("rtb-b", "10.64.1.0/24", "eni-1"),
        "routes-b-node-65": ("rtb-b", "10.64.65.0/24", "eni-2"),
    }


def test_the_vpc_says_which_nodes_are_to_be_there(cloud):
    cloud.build(network)

    assert cloud.inputs("Vpc")["net"]["tags"]["podnet:nodes"] == "1 65"
