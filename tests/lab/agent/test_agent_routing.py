"""The tag with the routing, and what the node does with it."""

import fcntl
import json
import struct
from array import array

import pytest
from switch import socket_in

from podnet.lab.host import preflight

pytestmark = pytest.mark.lab
needs_no_gre = pytest.mark.skipif(not preflight.makes_no("gre"), reason="this kernel has GRE")

FIELDS = "zones=1 vni=1 port=8472"
OVERLAY = {f"10.1.{k}.0/24": ("podnet0", f"192.168.1.{10 + k}", "192.168.1.11") for k in (2, 3, 4)}
HOST_GW = {f"10.1.{k}.0/24": ("eth0", f"192.168.1.{10 + k}", "192.168.1.11") for k in (2, 3, 4)}


def test_a_changed_tag_takes_effect_within_a_poll(machine, running, eventually):
    machine.tag(f"overlay {FIELDS}")
    assert eventually(lambda: machine.routes() == OVERLAY)

    machine.tag(f"host-gw {FIELDS}")

    assert eventually(lambda: machine.routes() == HOST_GW)


@pytest.mark.parametrize(
    "text",
    [
        "ovrelay zones=1 vni=1 port=8472",
        "overlay zones=1 vni=0",
        "overlay zones=4",
        "overlay zones=x",
    ],
)
def test_a_tag_it_does_not_understand_keeps_the_last_mode_and_is_logged_once(
    machine, two_polls, text
):
    machine.tag(f"overlay {FIELDS}")
    with machine.agent() as agent:
        agent.wait_until_ready()
        machine.tag(text)
        two_polls()

        assert machine.routes() == OVERLAY
        logged = [line for line in machine.log.read_text().splitlines() if "routing: " in line]
        assert len(logged) == 2
        assert logged[0] == f"routing: overlay {FIELDS}"
        assert machine.cache_file.read_text() == f"overlay {FIELDS}\n"


GRE = f"overlay-gre {FIELDS}"


@needs_no_gre
def test_a_kernel_without_gre_keeps_the_last_mode_and_says_what_it_lacks(machine, eventually):
    machine.tag(f"overlay {FIELDS}")
    with machine.agent() as agent:
        agent.wait_until_ready()
        machine.tag(GRE)

        def said():
            return f"routing: '{GRE}' needs GRE, which kernel" in machine.log.read_text()

        assert eventually(said)
        # What it keeps it also mends.
        machine.ip("route", "flush", "proto", "112")
        assert eventually(lambda: machine.routes() == OVERLAY)
        assert machine.cache_file.read_text() == f"overlay {FIELDS}\n"
        machine.tag(f"host-gw {FIELDS}")
        assert eventually(lambda: "routing: host-gw" in machine.log.read_text())


@needs_no_gre
def test_a_new_node_on_a_kernel_without_gre_is_not_ready_and_changes_nothing(machine, two_polls):
    machine.tag(GRE)
    with machine.agent() as agent:
        two_polls()

        assert not agent.is_ready()
        assert machine.routes() == {}
        assert "set podnet:encapsulation to vxlan; nothing is changed" in machine.log.read_text()


def test_a_tag_that_is_put_right_is_obeyed_again(machine, running, eventually, two_polls):
    machine.tag("nonsense")
    two_polls()

    machine.tag(f"overlay {FIELDS}")

    assert eventually(lambda: machine.routes() == OVERLAY)
    assert "routing: works again" in machine.log.read_text()


def test_a_dead_metadata_service_keeps_the_mode(machine, vpc, two_polls, eventually):
    machine.tag(f"overlay {FIELDS}")
    with machine.agent() as agent:
        agent.wait_until_ready()
        vpc.ip("address", "delete", "169.254.169.254/32", "dev", "eth0")
        # A slow service is not dead: the agent waits five seconds for an answer.
        said = "the metadata service does not answer"
        assert eventually(lambda: said in machine.log.read_text(), 10)
        two_polls()
        assert machine.routes() == OVERLAY
        # Once for each cause: an address that nobody has is refused first, and times out later.
        lines = [line for line in machine.log.read_text().splitlines() if said in line]
        assert len(lines) == len({*lines}) <= 2

        machine.ip("link", "delete", "podnet0")

        assert eventually(lambda: machine.routes() == OVERLAY, 2 * 2 + 1.5)


@pytest.mark.parametrize("failure", [500, 0], ids=["error", "closed"])
def test_a_service_that_fails_every_second_time_delays_no_switch(machine, vpc, eventually, failure):
    vpc.failure = failure
    with machine.agent() as agent:
        agent.wait_until_ready()
        late = []
        for mode, routes in (("overlay", OVERLAY), ("host-gw", HOST_GW)):
            machine.tag(f"{mode} {FIELDS}")
            late += [] if eventually(lambda found=routes: machine.routes() == found) else [mode]

    assert late == [], machine.log.read_text()


def test_as_many_dead_polls_as_a_minute_has_keep_the_mode(machine, vpc, eventually):
    machine.tag(f"overlay {FIELDS}")
    with machine.agent(period=0.01) as agent:
        agent.wait_until_ready()
        vpc.silent = True
        machine.tag(f"host-gw {FIELDS}")

        assert eventually(lambda: vpc.unanswered > 60 / 2, 60)
        assert machine.routes() == OVERLAY
        assert machine.cache_file.read_text() == f"overlay {FIELDS}\n"
        said = "routing: the metadata service does not answer"
        assert machine.log.read_text().count(said) == 1

        vpc.silent = False

        assert eventually(lambda: machine.routes() == HOST_GW)


def test_a_rebooted_node_has_its_mode_without_the_metadata_service(machine, vpc):
    machine.tag(f"overlay {FIELDS}")
    with machine.agent() as agent:
        agent.wait_until_ready()
    vpc.ip("address", "delete", "169.254.169.254/32", "dev", "eth0")
    machine.reboot()
    assert machine.routes() == {}

    with machine.agent() as agent:
        agent.wait_until_ready()

        assert machine.routes() == OVERLAY


def test_a_node_down_during_a_switch_returns_in_the_new_mode(machine):
    machine.tag(f"overlay {FIELDS}")
    with machine.agent() as agent:
        agent.wait_until_ready()
    machine.tag(f"host-gw {FIELDS}")
    machine.reboot()

    with machine.agent() as agent:
        agent.wait_until_ready()

        assert machine.routes() == HOST_GW


def test_a_node_without_a_tag_is_not_ready_until_it_has_one(machine, vpc, two_polls):
    del vpc.tags[machine.address]
    with machine.agent() as agent:
        two_polls()
        assert agent.is_ready() is False
        assert (machine.routes(), machine.conflist.exists()) == ({}, False)

        machine.tag(f"overlay {FIELDS}")
        agent.wait_until_ready()

        assert machine.routes() == OVERLAY


def test_a_refused_token_is_replaced(machine, vpc, running, eventually):
    vpc.token = "another"
    machine.tag(f"overlay {FIELDS}")

    assert eventually(lambda: machine.routes() == OVERLAY, 2 * 2 + 1.5)


def test_a_kept_routing_that_cannot_be_read_changes_nothing_until_the_service_answers(
    machine, vpc, two_polls
):
    machine.tag(f"host-gw {FIELDS}")
    with machine.agent() as agent:
        agent.wait_until_ready()
    machine.cache_file.write_text(f"overlay {FIELDS} flowtable=on\n")
    vpc.silent = True
    with machine.agent() as agent, machine.watch_routes() as changes:
        two_polls()

        assert (machine.routes(), changes.read_text()) == (HOST_GW, "")
        assert "cannot be read either: " in machine.log.read_text()
        assert agent.is_ready() is False

        vpc.silent = False
        agent.wait_until_ready()

        assert machine.routes() == HOST_GW
        assert machine.cache_file.read_text() == f"host-gw {FIELDS}\n"


def test_another_network_identifier_and_port_replace_the_devices(machine, running, eventually):
    machine.tag("overlay zones=1 vni=7 port=4789")

    assert eventually(lambda: machine.routes() == OVERLAY)
    details = {link["ifname"]: link for link in json.loads(machine.ip("-d", "-j", "link"))}
    found = {
        name: (
            details[name]["linkinfo"]["info_data"]["id"],
            details[name]["linkinfo"]["info_data"]["port"],
            details[name].get("master"),
        )
        for name in ("podnet0", "podnet1")
    }
    assert found == {"podnet0": (7, 4789, None), "podnet1": (8, 4789, "kube-bridge")}


@pytest.mark.parametrize(("words", "offload"), [("", 1), (" checksum=off", 0)])
def test_checksums_are_left_to_the_card_unless_the_tag_turns_that_off(
    machine, running, eventually, words, offload
):
    machine.tag(f"overlay {FIELDS}{words}")

    assert eventually(lambda: machine.routes() == OVERLAY)
    assert {name: checksum_offload(machine.name, name) for name in ("podnet0", "podnet1")} == {
        "podnet0": offload,
        "podnet1": offload,
    }


def checksum_offload(namespace, link):
    """What `ethtool -k` calls tx-checksumming."""
    value = array("I", (0x16, 7))
    with socket_in(namespace) as any_socket:
        fcntl.ioctl(
            any_socket, 0x8946, struct.pack("16sP16x", link.encode(), value.buffer_info()[0])
        )
    return value[1]
