"""A node beside another CNI: what that would make is set here, on a real kernel."""

import pytest

pytestmark = pytest.mark.lab

ROUTING = "external-custom zones=1 vni=1 port=8472"
CONFLIST = "10-other.conflist"


def own_routes(machine):
    return machine.ip("route", "show", "proto", "112")


def own_rule(machine):
    return [line for line in machine.ip("rule").splitlines() if "lookup 112" in line]


def test_all_but_the_drop_of_metadata_is_left_to_the_other_cni(machine, running, eventually):
    assert eventually(lambda: own_rule(machine))
    theirs = machine.conflist.with_name(CONFLIST)
    theirs.write_text("{}")
    device = "type vxlan id 9 local 192.168.1.11 dstport 4789"
    machine.ip("link", "add", "other0", *device.split())
    machine.ip("route", "add", "10.1.9.0/24", "dev", "eth0")

    machine.tag(ROUTING)

    assert eventually(lambda: not machine.conflist.exists())
    assert eventually(lambda: "masquerade" not in machine.run("nft", "list", "ruleset"))
    rules = machine.run("nft", "list", "ruleset")
    assert "169.254.169.254" in rules
    assert "table bridge podnet" not in rules
    assert [file.name for file in machine.conflist.parent.iterdir()] == [CONFLIST]
    assert eventually(lambda: (own_routes(machine), own_rule(machine)) == ("", []))
    links = machine.ip("-o", "link")
    assert "podnet0" not in links
    assert "podnet1" not in links
    assert "other0" in links
    assert "10.1.9.0/24" in machine.ip("route")


def test_a_second_poll_changes_nothing(machine, running, eventually, two_polls):
    machine.tag(ROUTING)
    assert eventually(lambda: not machine.conflist.exists())
    two_polls()
    log = machine.log.read_text()
    two_polls()

    assert machine.log.read_text() == log
    assert "unmanaged" not in log
