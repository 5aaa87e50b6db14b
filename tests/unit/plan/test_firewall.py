"""The rules of the security group."""

from __future__ import annotations

from ipaddress import IPv4Network

from plan.firewall import ANYWHERE, Rule, egress, ingress
from plan.settings import Settings


def test_nodes_pods_and_path_mtu_messages_are_let_in_and_nothing_else():
    assert ingress(Settings()) == {
        "nodes": Rule(description="All traffic between the nodes"),
        "pods": Rule(description="All traffic from pods", peer=IPv4Network("10.1.0.0/16")),
        "path-mtu": Rule(
            description="Fragmentation needed, for path MTU discovery",
            protocol="icmp",
            from_port=3,
            to_port=4,
            peer=ANYWHERE,
        ),
    }


def test_administrators_are_let_in_to_ssh_from_their_ranges_only():
    settings = Settings(admin_cidrs=(IPv4Network("203.0.113.0/24"), IPv4Network("198.51.100.7/32")))
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
