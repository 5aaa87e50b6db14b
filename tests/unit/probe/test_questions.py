from collections import Counter
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from podnet.lab.nodes.pods import Container
from podnet.probe import Check, Endpoint, asking
from podnet.probe.endpoint import labels
from podnet.probe.matrix import PAIR_CHECKS
from podnet.probe.questions import NetnsAddress, questions
from podnet.probe.run import probe
from tests.refusals import refused

HERE = Path("/proc/self/ns/net")
INTERNET = NetnsAddress("internet", HERE, IPv4Address("203.0.113.80"))


def endpoint(kind, name, address, **more):
    return Endpoint(
        **{
            "kind": kind,
            "name": name,
            "node": "node-1",
            "netns": HERE,
            "mtu": 9001,
            "address": IPv4Address(address),
            **more,
        }
    )


NODE = endpoint("node", "node-1", "192.168.1.11", public_address=IPv4Address("198.51.100.1"))
WEB = endpoint(
    "pod",
    "web",
    "10.1.1.2",
    mtu=8951,
    public_address=IPv4Address("198.51.100.1"),
    containers=(Container("a", HERE), Container("b", HERE)),
)
DB = endpoint("pod", "db", "10.1.1.3", mtu=1500)


def asked(*endpoints, internet=INTERNET, node=None):
    return list(questions(dict(zip(labels(endpoints), endpoints, strict=True)), internet, node))


def test_every_ordered_pair_is_asked_and_nobody_for_himself():
    found = [
        (each.source.label, each.to) for each in asked(NODE, WEB, DB) if each.checks == PAIR_CHECKS
    ]

    assert sorted(found) == [
        ("db", "node-1"),
        ("db", "web"),
        ("node-1", "db"),
        ("node-1", "web"),
        ("web", "db"),
        ("web", "node-1"),
    ]


def test_a_full_packet_is_as_large_as_the_smaller_end_takes():
    full = {(each.source.label, each.to): each.mtu for each in asked(NODE, WEB, DB) if each.mtu}

    assert full == {
        ("node-1", "web"): 8951,
        ("web", "node-1"): 8951,
        ("node-1", "db"): 1500,
        ("db", "node-1"): 1500,
        ("web", "db"): 1500,
        ("db", "web"): 1500,
    }


def test_a_pod_and_its_own_node_meet_at_the_pods_mtu_even_where_the_link_takes_less():
    jumbo = endpoint("pod", "jumbo", "10.1.1.4", mtu=9501)
    far = endpoint("node", "node-2", "192.168.1.12", node="node-2")
    full = {
        (each.source.label, each.to): each.mtu
        for each in asked(NODE, jumbo, far)
        if each.mtu and "jumbo" in (each.source.label, each.to)
    }

    assert full == {
        ("jumbo", "node-1"): 9501,
        ("node-1", "jumbo"): 9501,
        ("jumbo", "node-2"): 9001,
        ("node-2", "jumbo"): 9001,
    }


def test_the_internet_must_see_the_public_address_of_those_that_have_one():
    found = {
        each.source.label: each.expected_source
        for each in asked(NODE, WEB, DB)
        if each.checks == (Check.INTERNET,)
    }

    assert found == dict.fromkeys(("node-1", "web"), IPv4Address("198.51.100.1"))


def test_only_nodes_may_reach_the_metadata_service():
    found = {
        each.source.label: each.allowed
        for each in asked(NODE, WEB, DB)
        if each.checks == (Check.METADATA,)
    }

    assert found == {"node-1": True, "web": False, "db": False}


def test_the_containers_of_a_pod_ask_each_other_over_localhost():
    found = [
        (each.source.label, each.to, str(each.target.address))
        for each in asked(WEB, DB)
        if each.checks == (Check.LOCALHOST,)
    ]

    assert found == [("web/a", "web/b", "127.0.0.1"), ("web/b", "web/a", "127.0.0.1")]


def test_without_an_internet_it_is_not_asked():
    kinds = Counter(check for each in asked(NODE, WEB, internet=None) for check in each.checks)

    assert kinds == {
        Check.METADATA: 2,
        Check.LOCALHOST: 2,
        Check.TCP: 2,
        Check.UDP: 2,
        Check.MTU: 2,
    }


def test_of_one_node_only_what_it_and_its_pods_send_is_asked():
    far = endpoint("node", "node-2", "192.168.1.12", node="node-2")
    of_all = asked(NODE, WEB, DB, far)
    of_one, of_other = (asked(NODE, WEB, DB, far, node=node) for node in ("node-1", "node-2"))

    assert {each.source.label for each in of_other} == {"node-2"}
    assert {each.to for each in of_other} == {"node-1", "web", "db", "metadata"}
    assert "node-2" in {each.to for each in of_one}
    assert sorted(map(str, of_one + of_other)) == sorted(map(str, of_all))


def test_a_name_on_two_nodes_is_shown_with_its_node():
    other = endpoint("pod", "web", "10.1.2.2", node="node-2")

    assert labels([NODE, WEB, other, DB]) == ["node-1", "node-1/web", "node-2/web", "db"]


def test_two_endpoints_that_cannot_be_distinguished_are_refused():
    with pytest.raises(ValueError, match="2 endpoints are called node-1/web"):
        labels([WEB, WEB])


def test_a_probe_of_nothing_is_refused():
    with pytest.raises(ValueError, match="nothing to probe"):
        probe([])


@pytest.mark.parametrize(
    "given", [{"internet_netns": HERE}, {"internet_host": IPv4Address("203.0.113.80")}]
)
def test_half_an_internet_is_refused(given):
    with pytest.raises(ValueError, match="both the namespace and the host"):
        probe([NODE], **given)


def test_too_few_open_files_are_said_with_the_number_needed(monkeypatch):
    monkeypatch.setattr(asking, "file_limit", lambda: 50)

    with refused("open-files-limit"):
        probe([NODE])


def test_nobody_asks_another_of_his_own_address():
    host = endpoint("node", "host-1", "192.168.1.11")
    found = {
        (each.source.label, each.to)
        for each in asked(NODE, WEB, host)
        if each.checks == PAIR_CHECKS
    }

    assert found == {("node-1", "web"), ("web", "node-1"), ("host-1", "web"), ("web", "host-1")}
