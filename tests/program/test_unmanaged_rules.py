"""Rules of somebody else in the nodes' group, found before anything is registered."""

from __future__ import annotations

import pulumi
import pytest

from tests.program.account import BALANCER
from tests.program.test_preview import VPC_ROUTES, node

NODES = (node(1, **{"podnet:routing": VPC_ROUTES}), node(2, **{"podnet:routing": VPC_ROUTES}))
WORDS = "sgr-9: tcp 30000-32767 from sg-balancer (`elbv2.k8s.aws/targetGroupBinding=shared`)"


def stack(cloud, **unmanaged):
    rules = ["test-in-nodes", "test-in-pods"]
    return cloud.holds(*NODES, settled=VPC_ROUTES, rules=rules, unmanaged_rules=unmanaged)


def said(cloud):
    return [(loud, text) for loud, text in cloud.said if "that podnet did not create" in text]


def test_an_exclusive_firewall_names_them_and_keeps_the_resource_that_revokes_them(cloud):
    ((loud, text),) = said(stack(cloud, **{"sgr-9": BALANCER}).deploy())

    assert loud == "warning"
    assert WORDS in text
    assert len(cloud.of("VpcSecurityGroupRulesExclusive")) == 1


def test_a_shared_firewall_has_nothing_that_revokes_them(cloud):
    ((loud, text),) = said(stack(cloud, **{"sgr-9": BALANCER}).deploy(firewall="shared"))

    assert (loud, WORDS in text) == ("info", True)
    assert cloud.of("VpcSecurityGroupRulesExclusive") == []


@pytest.mark.parametrize("firewall", ["exclusive", "shared"])
def test_the_stacks_own_rules_are_nobody_elses(cloud, firewall):
    assert said(stack(cloud).deploy(firewall=firewall)) == []


def test_all_else_is_the_same_with_either_firewall(make_cloud):
    kinds = [
        {item.urn for item in make_cloud().deploy(firewall=firewall).resources}
        for firewall in ("exclusive", "shared")
    ]

    assert [urn.rpartition("::")[2] for urn in kinds[0] ^ kinds[1]] == ["routing-mode"]


@pytest.mark.parametrize("firewall", ["exclusive", "shared"])
def test_they_count_in_the_quota_of_inbound_rules(cloud, firewall):
    rules = {f"sgr-{each}": BALANCER for each in range(58)}
    stack(cloud, **rules, **{"sgr-v6": {**BALANCER, "referencedSecurityGroupId": "::/0"}})

    cloud.answers[cloud.QUOTA] = {"value": 60}

    # Three are its own; that for IPv6 counts by itself.
    with pytest.raises(
        pulumi.RunError, match=r"3 rules a security group, 58 are used elsewhere.*: 1 too many"
    ):
        cloud.deploy(firewall=firewall)
    assert cloud.resources == []


PODS_ALONE = {"securityGroupId": "sg-nodes", "ipProtocol": "-1", "cidrIpv4": "10.1.0.0/16"}


def test_a_rule_that_serves_no_pair_in_the_wanted_routing_is_named(make_cloud):
    def named(**settings):
        cloud = stack(make_cloud(), **{"sgr-8": PODS_ALONE, "sgr-9": BALANCER}).deploy(**settings)
        return [text for loud, text in cloud.said if loud == "info" and "serve no pair" in text]

    assert named() == []
    (said_of,) = named(routing="overlay")
    assert said_of.startswith(
        "firewall rules of the nodes' group that serve no pair of pods, nodes and the internet in "
        "overlay: sgr-8: all traffic from 10.1.0.0/16. They are wider than it needs"
    )
    assert named(routing="overlay", fabric="switch") == []
