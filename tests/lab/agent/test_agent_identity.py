"""A node is who the metadata service says, whatever becomes of its links and addresses."""

import pytest

pytestmark = pytest.mark.lab

FIELDS = "zones=1 vni=1 port=8472"
OTHERS = {
    "an address that comes first, renewed leases and a better default route": [
        "ip address delete 192.168.1.11/24 dev eth0",
        "ip address add 192.168.1.57/24 dev eth0 valid_lft 3600 preferred_lft 3600",
        "ip address add 192.168.1.11/24 dev eth0",
        "ip address change 192.168.1.11/24 dev eth0 valid_lft 3600 preferred_lft 3600",
        "ip route add 169.254.169.254 via 192.168.1.1 dev eth0",
        "ip route add default via 192.168.1.1 dev eth0 metric 100",
        "ip link add ens6 type bridge",
        "ip link set ens6 up",
        "ip address add 192.168.1.77/32 dev ens6",
        "ip route add 198.51.100.1 dev ens6",
        "ip route add default via 198.51.100.1 dev ens6 metric 50",
    ],
    "no default route": ["ip route delete default", "ip route add 169.254.169.254 via 192.168.1.1"],
}


@pytest.mark.parametrize("commands", OTHERS.values(), ids=OTHERS.keys())
def test_nothing_but_the_metadata_service_renumbers_a_node(
    machine, vpc, two_polls, eventually, commands
):
    # EC2 knows who asks by the interface, not by the address.
    vpc.identities |= dict.fromkeys(("192.168.1.57", "192.168.1.77"), machine.address)
    for address in vpc.identities:
        vpc.tags[address] = "the tag of another node"
    machine.tag(f"host-gw {FIELDS}")
    with machine.agent() as agent:
        agent.wait_until_ready()
        routes, conflist = machine.routes(), machine.conflist.read_text()

        machine.run("sh", "-ec", "\n".join(commands))
        two_polls()

        assert eventually(lambda: machine.routes() == routes)
        assert machine.conflist.read_text() == conflist
        assert machine.log.read_text().count("node: ") == 1
    with machine.agent() as again:
        again.wait_until_ready()

        assert (machine.routes(), machine.conflist.read_text()) == (routes, conflist)


def test_a_renamed_uplink_has_the_routes_under_its_new_name(machine, running, eventually):
    machine.tag(f"host-gw {FIELDS}")
    assert eventually(lambda: len(machine.routes()) == 3)

    machine.run(
        "sh",
        "-ec",
        "ip link set eth0 down; ip link set eth0 name ens5; ip link set ens5 up;"
        "ip route add default via 192.168.1.1",
    )

    assert eventually(
        lambda: (
            {link for link, _, _ in machine.routes().values()} == {"ens5"}
            and len(machine.routes()) == 3
        ),
        5.5,
    )


def test_an_uplink_that_is_created_again_has_all_and_one_without_address_is_named(
    machine, vpc, running, eventually
):
    machine.tag(f"host-gw {FIELDS}")
    assert eventually(lambda: len(machine.routes()) == 3)
    machine.ip("link", "delete", "eth0")

    assert eventually(
        lambda: "node: no link has the node's address 192.168.1.11" in machine.log.read_text()
    )
    machine.wire()
    assert eventually(lambda: len(machine.routes()) == 3, 5.5)
    assert eventually(
        lambda: machine.sysctl("net/ipv4/neigh/eth0/base_reachable_time_ms") == "3000", 5.5
    )
