import json

import pytest

pytestmark = pytest.mark.lab

SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
)
OTHERS = """
table inet other {
	chain forward {
		type filter hook forward priority filter; policy accept;
		tcp dport 25 drop
	}
}
table ip nat {
	chain KUBE-SERVICES {
		ip daddr 10.96.0.1 accept
	}
}
"""


def test_a_ready_agent_has_everything_in_force(machine):
    for name in SYSCTLS:
        machine.run("sh", "-c", f"echo 0 >/proc/sys/{name}")
    with machine.agent() as agent:
        agent.wait_until_ready()

        assert {name: machine.sysctl(name) for name in SYSCTLS} == dict.fromkeys(SYSCTLS, "1")
        assert json.loads(machine.conflist.read_text()) == {
            "cniVersion": "1.0.0",
            "name": "mynet",
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": "kube-bridge",
                    "isDefaultGateway": True,
                    "hairpinMode": True,
                    "mtu": 8951,
                    "ipam": {"type": "host-local", "subnet": "10.1.1.0/24"},
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        }
        chains = {
            body["name"]: (body["type"], body["hook"], body["prio"])
            for kind, body in machine.ruleset(own=True)
            if kind == "chain"
        }
        assert chains == {
            "spoof": ("filter", "prerouting", -300),
            "metadata": ("filter", "forward", 0),
            "invalid": ("filter", "input", 0),
            "stray": ("filter", "forward", 0),
            "leaving": ("nat", "postrouting", 100),
            "ports": ("filter", "prerouting", -300),
        }


def test_what_an_agent_left_the_next_one_does_not_touch(machine, two_polls):
    with machine.agent() as first:
        first.wait_until_ready()
        assert first.stop() == 0
    handles, written = machine.handles(), machine.conflist_version()

    with machine.agent() as second:
        second.wait_until_ready()
        two_polls()

        assert machine.handles() == handles
        assert machine.conflist_version() == written
        assert machine.log.read_text() == (
            "node: 192.168.1.11 on eth0, MTU 9001, pods 10.1.1.0/24\n"
        )


def test_two_agents_at_once_do_not_undo_each_others_work(machine, running, two_polls):
    handles, written = machine.handles(), machine.conflist_version()

    with machine.agent() as second:
        second.wait_until_ready()
        two_polls()

        assert (machine.handles(), machine.conflist_version()) == (handles, written)


def test_on_sigterm_it_stops_at_once_and_leaves_the_pods_their_network(machine, running):
    before = machine.ruleset(own=True)

    assert running.stop() == 0
    assert (machine.ruleset(own=True), machine.conflist.exists()) == (before, True)


@pytest.mark.parametrize(
    "damage",
    [
        "flush ruleset",
        "delete table inet podnet",
        "flush chain inet podnet leaving",
        "insert rule inet podnet spoof accept",
        "add chain inet podnet more",
        "delete table bridge podnet",
        "flush chain bridge podnet ports",
        "add chain inet podnet metadata { type filter hook forward priority filter; policy drop; }",
    ],
)
def test_a_changed_table_is_repaired_within_a_poll(machine, running, eventually, damage):
    before = machine.ruleset(own=True)

    machine.run("nft", damage)

    assert machine.ruleset(own=True) != before
    assert eventually(lambda: machine.ruleset(own=True) == before)


def test_tables_of_others_are_left_alone_whatever_is_repaired(machine, running, eventually):
    machine.run("nft", "-f", "-", stdin=OTHERS)
    others, own = machine.ruleset(own=False), machine.ruleset(own=True)

    machine.run("nft", "delete", "table", "inet", "podnet")

    assert eventually(lambda: machine.ruleset(own=True) == own)
    assert machine.ruleset(own=False) == others
    assert {body["table"] for kind, body in others if kind == "chain"} == {"other", "nat"}


@pytest.mark.parametrize("name", SYSCTLS)
def test_a_changed_sysctl_is_set_again(machine, running, eventually, name):
    machine.run("sh", "-c", f"echo 0 >/proc/sys/{name}")

    assert eventually(lambda: machine.sysctl(name) == "1")


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.unlink(),
        lambda file: file.write_text("{}"),
    ],
    ids=["removed", "edited"],
)
def test_a_damaged_conflist_is_written_again(machine, running, eventually, damage):
    before = machine.conflist.read_text()

    damage(machine.conflist)

    assert eventually(lambda: machine.conflist.exists() and machine.conflist.read_text() == before)
    assert list(machine.conflist.parent.iterdir()) == [machine.conflist]


def test_the_pods_mtu_follows_the_link_and_pods_with_another_are_named(
    machine, running, eventually
):
    def problems():
        return json.loads((machine.reports / "state.json").read_text())["problems"]

    machine.add_pod(2)
    machine.ip("link", "set", "eth0", "mtu", "1500")

    assert eventually(lambda: '"mtu": 1450' in machine.conflist.read_text())
    named = (
        "pods' MTU: the pod at pod2 has MTU 8951, eth0 has room for 1450; "
        "restart it, or give eth0 an MTU of 9001"
    )
    assert eventually(lambda: problems() == [named])
    machine.ip("link", "set", "eth0", "mtu", "9001")
    assert eventually(lambda: problems() == [])


def test_a_node_outside_the_vpc_logs_it_once_and_still_does_the_rest(machine, vpc, two_polls):
    vpc.identities[machine.address] = "192.0.2.7"
    machine.run("sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward")

    with machine.agent():
        two_polls()

        assert machine.log.read_text() == (
            "identity: 192.0.2.7 is in no node range; nothing is changed before\n"
            "routing: vpc-routes zones=1 vni=1 port=8472\n"
            "sysctls: set net/ipv4/ip_forward\n"
        )
        assert machine.conflist.exists() is False


def test_an_agent_started_before_the_network_is_ready_once_there_is_one(machine, two_polls):
    machine.ip("address", "flush", "dev", "eth0")
    with machine.agent() as agent:
        two_polls()
        assert machine.log.read_text().count("Network is unreachable") == 2
        assert agent.is_ready() is False

        machine.ip("address", "add", f"{machine.address}/24", "dev", "eth0")
        machine.ip("route", "add", "default", "via", "192.168.1.1")

        agent.wait_until_ready()


def test_a_lost_default_route_leaves_the_rules_kept(machine, running, eventually):
    own = machine.ruleset(own=True)
    machine.ip("route", "delete", "default")

    machine.run("nft", "delete", "table", "inet", "podnet")

    assert eventually(lambda: machine.ruleset(own=True) == own)
