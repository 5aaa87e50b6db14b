"""A replaced node: its address is the one it had before, its MAC is not."""

import json

import pytest

pytestmark = pytest.mark.lab

FIELDS = "zones=1 vni=1 port=8472"
# Linux by itself believes a MAC for at least 15 seconds, waits 5 and asks three times; a node may
# take 6.5, and a busy machine some more.
PATIENCE = 20


def mac(machine):
    (link,) = json.loads(machine.ip("-j", "link", "show", "eth0"))
    return link["address"]


@pytest.fixture
def silent(vpc, machines):
    """Two nodes of which the second never announces its MAC, as in a VPC."""
    one, two, _ = machines
    vpc.run(
        "nft",
        "add table bridge vpc; add chain bridge vpc wire "
        "{ type filter hook forward priority 0; }; "
        f"add rule bridge vpc wire arp operation request arp saddr ip {two.address} drop",
    )
    vpc.forget_pods()
    two.ip("neigh", "replace", one.address, "lladdr", mac(one), "dev", "eth0", "nud", "permanent")
    return one, two


@pytest.mark.parametrize("mode", ["host-gw", "overlay"])
def test_peers_soon_ask_again_for_the_mac_of_a_replaced_node(
    mode, silent, started, source_seen, eventually
):
    one, two = silent
    started(f"{mode} {FIELDS}")
    sender, receiver = one.add_pod(2), two.add_pod(2)

    def arrives():
        return source_seen(sender, receiver, receiver.address) == sender.address

    assert arrives()
    two.ip("link", "set", "eth0", "address", "02:00:00:00:00:99")
    two.ip("neigh", "replace", one.address, "lladdr", mac(one), "dev", "eth0", "nud", "permanent")
    assert not arrives()

    assert eventually(arrives, PATIENCE)
