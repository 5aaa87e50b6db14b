"""The rules of the security group."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from podnet.plan.firewall import ANYWHERE, Rule, egress, ingress
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.routing import Encapsulation, FlannelBackend, RoutingMode, Uplink
from podnet.plan.settings import Fabric, Settings

NODES = Rule(description="All traffic between the nodes")
PODS = Rule(description="All traffic from pods", peer=IPv4Network("10.1.0.0/16"))
VXLAN = Rule(description="VXLAN between the nodes", protocol="udp", from_port=8472, to_port=8472)
GRE = Rule(description="GRE between the nodes", protocol="47")
PATH_MTU = Rule(
    description="Fragmentation needed, for path MTU discovery",
    protocol="icmp",
    from_port=3,
    to_port=4,
    peer=ANYWHERE,
)
FLAT = {"routing": RoutingMode.L2, "node_range_prefix": 27}


@pytest.mark.parametrize(
    ("settings", "carrying"),
    [
        pytest.param({}, {"pods": PODS}, id="vpc-routes"),
        pytest.param({"routing": RoutingMode.HOST_GW}, {"pods": PODS}, id="host-gw"),
        pytest.param({"routing": RoutingMode.OVERLAY}, {"vxlan-8472": VXLAN}, id="overlay"),
        pytest.param(
            {"routing": RoutingMode.OVERLAY, "cross_zone_only": True},
            {"pods": PODS, "vxlan-8472": VXLAN},
            id="hybrid",
        ),
        pytest.param(
            {"routing": RoutingMode.OVERLAY, "encapsulation": Encapsulation.GRE},
            {"gre": GRE},
            id="overlay-gre",
        ),
        pytest.param(
            {
                "routing": RoutingMode.OVERLAY,
                "cross_zone_only": True,
                "encapsulation": Encapsulation.GRE,
            },
            {"pods": PODS, "gre": GRE},
            id="hybrid-gre",
        ),
        pytest.param(FLAT, {"vxlan-8472": VXLAN}, id="l2"),
        pytest.param(
            {**FLAT, "uplink": Uplink.ETHERNET, "fabric": Fabric.SWITCH},
            {"pods": PODS},
            id="l2-ethernet",
        ),
        pytest.param({"routing": RoutingMode.FLANNEL}, {"vxlan-8472": VXLAN}, id="flannel"),
        pytest.param(
            {"routing": RoutingMode.FLANNEL, "flannel_direct_routing": True},
            {"pods": PODS, "vxlan-8472": VXLAN},
            id="flannel-direct",
        ),
        pytest.param(
            {"routing": RoutingMode.FLANNEL, "flannel_backend": FlannelBackend.HOST_GW},
            {"pods": PODS},
            id="flannel-host-gw",
        ),
    ],
)
def test_nodes_path_mtu_messages_and_what_the_routing_sends_are_let_in_and_nothing_else(
    settings,
    carrying,
):
    assert ingress(Settings(**settings)) == {"nodes": NODES, "path-mtu": PATH_MTU, **carrying}


def test_another_port_is_another_rule_so_that_it_opens_before_the_old_one_closes():
    rules = ingress(Settings(routing=RoutingMode.OVERLAY, vxlan_port=4789))

    assert (rules["vxlan-4789"].from_port, rules["vxlan-4789"].to_port) == (4789, 4789)
    assert "vxlan-8472" not in rules


def test_administrators_are_let_in_to_ssh_from_their_ranges_only():
    settings = Settings(ssh_cidrs=(IPv4Network("203.0.113.0/24"), IPv4Network("198.51.100.7/32")))
    added = {key: rule for key, rule in ingress(settings).items() if key not in ingress(Settings())}

    assert {
        key: (rule.protocol, rule.from_port, rule.to_port, rule.peer) for key, rule in added.items()
    } == {
        "ssh-203.0.113.0-24": ("tcp", 22, 22, IPv4Network("203.0.113.0/24")),
        "ssh-198.51.100.7-32": ("tcp", 22, 22, IPv4Network("198.51.100.7/32")),
    }


def test_pods_are_let_in_by_the_pod_range_of_the_stack():
    settings = Settings(pod_cidr=IPv4Network("10.64.0.0/12"))

    assert ingress(settings)["pods"].peer == IPv4Network("10.64.0.0/12")


def test_rules_do_not_grow_with_the_number_of_nodes():
    assert ingress(Settings(node_count=200)) == ingress(Settings(node_count=1))


def test_everything_may_go_out():
    assert egress() == {"all": Rule(description="All traffic out", peer=ANYWHERE)}


ADMIN, WORLD = IPv4Network("203.0.113.0/24"), IPv4Network("0.0.0.0/0")
CLUSTER = {"kubernetes": Kubernetes.KUBEADM}


def opened(**values: object) -> dict[str, tuple[str, int, int, IPv4Network]]:
    """What a stack with these settings lets in beyond one with none."""
    return {
        key: (rule.protocol, rule.from_port, rule.to_port, rule.peer)
        for key, rule in ingress(Settings(**values)).items()
        if key not in ingress(Settings())
    }


def test_a_cluster_alone_opens_nothing():
    assert opened(**CLUSTER) == {}


def test_administrators_of_a_cluster_are_let_in_to_its_api_server_alone():
    assert opened(**CLUSTER, api_cidrs=(ADMIN,)) == {
        "api-server-203.0.113.0-24": ("tcp", 6443, 6443, ADMIN),
    }


def test_without_a_cluster_nobody_is_let_in_to_an_api_server():
    assert "api-server-203.0.113.0-24" not in opened(api_cidrs=(ADMIN,))


def test_node_ports_are_opened_by_tcp_and_udp_to_those_that_are_named():
    assert opened(**CLUSTER, node_port_cidrs=(ADMIN, WORLD)) == {
        "node-ports-tcp-203.0.113.0-24": ("tcp", 30000, 32767, ADMIN),
        "node-ports-udp-203.0.113.0-24": ("udp", 30000, 32767, ADMIN),
        "node-ports-tcp-0.0.0.0-0": ("tcp", 30000, 32767, WORLD),
        "node-ports-udp-0.0.0.0-0": ("udp", 30000, 32767, WORLD),
    }
