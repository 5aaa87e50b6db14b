"""`podnet verify --rules`: whom each firewall rule of podnet's own program serves."""

from __future__ import annotations

import io
import json

import pytest
from click.testing import CliRunner
from rich.console import Console

from podnet.cli.rules_table import RulesTable
from podnet.cli.verify import commands
from podnet.verify import plan_file
from podnet.verify.rules import uses
from tests.program.plans import Plan
from tests.program.test_plan_file import MODES

RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def uses_of(plan):
    return {
        use.rule.id.rpartition(" ")[2]: use for use in uses(plan_file.subject(plan.text, "plan"))
    }


def with_rule(*, routing="vpc-routes", **inputs):
    """A plan with one rule more; where rules are exclusive, it would be revoked."""
    plan = Plan.of(nodeCount="3", routing=routing, firewall="shared")
    group = plan.find("SecurityGroup", "firewall")
    return plan.with_resource(RULE, "odd", securityGroupId=group, **inputs)


@pytest.mark.parametrize("settings", MODES.values(), ids=MODES)
def test_no_rule_of_any_mode_is_idle(settings):
    found = uses_of(Plan.of(**settings))

    assert {name for name, use in found.items() if use.is_idle} == set()
    assert {"firewall-in-nodes", "firewall-in-path-mtu", "firewall-out-all"} <= set(found)


def test_pairs_are_counted_by_what_lets_them_pass():
    native = uses_of(Plan.of(nodeCount="3"))

    # Between nodes 6; from pods to pods, and between pods and nodes of others, 6 each.
    assert native["firewall-in-nodes"].pairs == 12
    assert native["firewall-in-pods"].pairs == 12
    assert native["firewall-out-all"].pairs == 30
    assert (native["firewall-in-path-mtu"].pairs, native["firewall-in-path-mtu"].is_idle) == (
        0,
        False,
    )


def test_in_an_overlay_the_rule_for_vxlan_serves_what_is_encapsulated():
    overlay = uses_of(Plan.of(nodeCount="3", routing="overlay"))

    assert overlay["firewall-in-vxlan-8472"].pairs == overlay["firewall-in-nodes"].pairs - 6 > 0


PODS = "10.1.0.0/16"


@pytest.mark.parametrize(
    ("routing", "rule"),
    [
        ("overlay", {"ipProtocol": "-1", "cidrIpv4": PODS}),
        ("vpc-routes", {"ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIpv4": PODS}),
        ("vpc-routes", {"ipProtocol": "-1", "cidrIpv4": "192.168.1.200/32"}),
    ],
    ids=["pods in an overlay", "a port inside another rule", "an address of nobody"],
)
def test_a_rule_that_serves_nobody_is_idle(routing, rule):
    found = uses_of(with_rule(routing=routing, **rule))

    assert {name for name, use in found.items() if use.is_idle} == {"odd"}


def test_a_rule_that_is_revoked_is_not_listed():
    plan = Plan.of(nodeCount="3")
    group = plan.find("SecurityGroup", "firewall")
    revoked = plan.with_resource(RULE, "odd", securityGroupId=group, cidrIpv4=PODS, ipProtocol="-1")

    assert uses_of(revoked).keys() == uses_of(plan).keys()


def test_a_rule_for_others_is_not_called_idle():
    open_ = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "203.0.113.0/24"}

    assert uses_of(with_rule(**open_))["odd"].is_for_others


def test_the_table_names_what_serves_nobody():
    console = Console(file=io.StringIO(), width=120, color_system=None)
    odd = with_rule(ipProtocol="-1", cidrIpv4="192.168.1.200/32")
    console.print(RulesTable(list(uses_of(odd).values())))
    text = console.file.getvalue()

    assert text.splitlines()[-1] == (
        "wider than the routing needs: no pair is served by ingress rule odd"
    )
    assert "ingress rule firewall-in-path-mtu   in          icmp       3-4" in text
    assert "0 and others" in text


def test_the_command_names_what_serves_nobody(tmp_path):
    plan = with_rule(ipProtocol="-1", cidrIpv4="192.168.1.200/32")
    (tmp_path / "plan.json").write_text(plan.text)
    asked = ["--plan", str(tmp_path / "plan.json"), "--rules"]
    shown = CliRunner().invoke(commands.commands["verify"], [*asked, "--json"])

    assert shown.exit_code == 0, shown.output
    assert [use["rule"] for use in json.loads(shown.output)["rules"] if use["idle"]] == [
        "ingress rule odd"
    ]
