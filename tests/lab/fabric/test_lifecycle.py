import os
import re
import subprocess
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from podnet.lab.cloud.fabric import Fabric, kernel
from podnet.system.commands import run
from podnet.world.model import World
from tests.lab.fabric.hosts import Host, heard, ping, tcp, udp, udp_answered
from tests.lab.fabric.worlds import (
    ALL_OUT,
    POD,
    both,
    eni_id,
    with_eni,
    with_groups,
    with_routes,
    without_eni,
    world,
)

pytestmark = pytest.mark.lab


def namespaces(lab):
    return {path.name for path in Path("/run/netns").iterdir() if lab.home.id in path.name}


def pieces_of(namespace):
    """All that the kernel holds in a namespace, without the order and number of each piece."""

    def ip(*what):
        return sorted(run("ip", "-n", namespace, *what).splitlines())

    rules = run("ip", "netns", "exec", namespace, "nft", "list", "ruleset")
    return (
        set(kernel.links(namespace)),
        ip("rule"),
        ip("route", "show", "table", "all"),
        ip("neighbour", "show", "nud", "permanent"),
        sorted(run("bridge", "-n", namespace, "fdb").splitlines()),
        # A chain that is there keeps its place in the list, whatever comes and goes around it.
        sorted(re.findall(r"^\tchain .*?^\t\}", rules, re.MULTILINE | re.DOTALL)),
    )


def kernel_of(namespace):
    """The same, with the numbers that change when a piece is replaced."""
    return (
        *pieces_of(namespace),
        run("ip", "-n", namespace, "link"),
        run("ip", "-n", namespace, "-4", "address"),
        run("ip", "netns", "exec", namespace, "nft", "-a", "list", "ruleset"),
    )


@contextmanager
def changes(namespace):
    """The changes that the kernel reports in a namespace while the block runs."""
    lines = []
    monitors = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        for argv in (
            ("ip", "-n", namespace, "monitor", "link", "address", "route", "neigh", "rule"),
            ("ip", "netns", "exec", namespace, "nft", "monitor"),
        )
    ]
    time.sleep(0.2)
    try:
        yield lines
        time.sleep(0.1)
    finally:
        for monitor in monitors:
            monitor.terminate()
            lines += monitor.communicate()[0].splitlines()


@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "new process"])
def test_a_second_apply_changes_nothing(make_lab, monkeypatch, restarted):
    lab = make_lab()
    wanted = with_routes(world(), a2="10.1.2.0/24")
    lab.fabric.apply(wanted)  # with its machines off, as they have a life of their own
    fabric = Fabric(lab.home) if restarted else lab.fabric
    before = {name: kernel_of(name) for name in namespaces(lab)}
    commands = []
    monkeypatch.setattr(
        kernel, "run", lambda *argv, **more: (commands.append(argv), run(*argv, **more))[1]
    )
    with changes(lab.vpc()) as inside, changes(lab.internet.namespace) as outside:
        fabric.apply(wanted)

    assert (inside, outside) == ([], [])
    assert commands
    assert [argv for argv in commands if not {"show", "list"} & set(argv)] == []
    assert {name: kernel_of(name) for name in namespaces(lab)} == before


def test_the_monitor_of_changes_sees_one(make_lab):
    lab = make_lab()
    lab.apply(world())
    with changes(lab.vpc()) as seen:
        lab.apply(with_routes(world(), a2="10.1.2.0/24"))

    assert [line for line in seen if "10.1.2.0/24" in line]


def test_a_change_leaves_links_and_flows_of_others_alone(make_lab):
    lab = make_lab()
    lab.apply(world())
    one, other = lab.host("a1"), lab.host("b1")

    def links():
        return {row["ifname"]: row["ifindex"] for row in kernel.show(lab.vpc(), "link")}

    before = links()
    with (
        other.listening() as server,
        one.endpoint(2) as inside,
        one.endpoint(2) as outside,
        lab.internet.listening() as internet,
    ):
        inside.connect((str(other.address), 7))
        outside.connect((str(lab.internet.address), 7))
        seen = []
        for wanted in (
            world(),
            with_groups(with_routes(world(), a2="10.1.2.0/24"), a2=(ALL_OUT,)),
            without_eni(world(), "a3"),
            with_groups(without_eni(world(), "a3"), b1=(ALL_OUT,)),
            both(world(), world(2)),
        ):
            lab.apply(wanted)
            name = os.urandom(8)
            inside.send(name)
            outside.send(name)
            seen.append((heard(server, name), heard(internet, name)))
            server.sendto(b"answer", inside.getsockname())
            assert inside.recv(10) == b"answer"

    assert seen == [("192.168.1.11", "54.0.1.1")] * 5
    assert {name for name, index in links().items() if before[name] != index} == {
        f"eni-{eni_id('a3')[-8:]}"
    }


def test_an_interface_that_left_takes_exactly_its_pieces(make_lab):
    lab = make_lab()
    lab.apply(without_eni(world(), "a2"))
    before = (namespaces(lab), pieces_of(lab.vpc()))
    lab.apply(world())
    assert (namespaces(lab), pieces_of(lab.vpc())) != before
    lab.apply(without_eni(world(), "a2"))

    assert (namespaces(lab), pieces_of(lab.vpc())) == before


def test_a_subnet_a_gateway_and_a_vpc_that_left_take_their_pieces(make_lab):
    lab = make_lab()
    lab.apply(both(world(), world(2)))
    small = without_eni(world(), "b1")
    lab.apply(replace(small, subnets=small.subnets[:1], gateways=()))
    links = set(kernel.links(lab.vpc()))

    assert links == {
        "lo",
        "services",
        "br-00010001",
        *(f"eni-{eni_id(name)[-8:]}" for name in ("a1", "a2", "a3")),
    }
    assert set(kernel.links(lab.internet.namespace)) == {"lo", "services"}
    assert namespaces(lab) == {
        lab.vpc(),
        lab.internet.namespace,
        *(lab.fabric.port(eni_id(name)) for name in ("a1", "a2", "a3")),
    }
    assert ping(lab.host("a1"), lab.host("a2").address)
    lab.apply(World())
    assert namespaces(lab) == {lab.internet.namespace}


def test_vpcs_with_the_same_range_do_not_see_each_other(make_lab):
    lab = make_lab()
    lab.apply(both(world(1), without_eni(world(2), "a1")))

    assert ping(lab.host("a2", vpc=2), lab.host("a3", vpc=2).address)
    assert not udp(lab.host("a1"), lab.host("a2", vpc=2))
    assert udp(lab.host("a1"), lab.host("a2"))


def test_two_labs_stand_side_by_side_and_fall_alone(make_lab):
    one, other = make_lab(), make_lab()
    for made in (one, other):
        made.apply(world())
    assert not udp(one.host("a1"), other.host("a2"))
    one.fabric.destroy()

    assert namespaces(one) == set()
    assert udp_answered(other.host("a1"), other.host("a2"))
    assert tcp(other.host("a1"), other.internet)


@pytest.mark.parametrize("step", ["configure", "load", "change"])
def test_an_apply_that_broke_off_is_finished_by_the_next(make_lab, monkeypatch, step):
    lab = make_lab()
    real, calls = getattr(kernel, step), []

    def breaking(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(kernel, step, breaking)
    with pytest.raises(KeyboardInterrupt):
        lab.fabric.apply(both(world(), world(2)))
    monkeypatch.undo()
    lab.apply(both(world(), world(2)))

    assert udp(lab.host("a1"), lab.host("b1"))
    assert udp(lab.host("a1", vpc=2), lab.internet) == "54.0.2.1"


def test_destroy_finds_what_a_crash_left(make_lab, monkeypatch):
    lab = make_lab()

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(kernel, "load", crash)
    with pytest.raises(KeyboardInterrupt):
        lab.fabric.apply(world())
    assert namespaces(lab)
    Fabric(lab.home).destroy()

    assert namespaces(lab) == set()


def test_destroy_of_nothing_is_fine(make_lab):
    lab = make_lab()
    lab.fabric.destroy()

    assert namespaces(lab) == set()


def test_an_interface_that_died_with_its_machine_comes_back_as_closed_as_before(make_lab):
    lab = make_lab()
    wanted = with_groups(world(), a1=(ALL_OUT,))
    lab.apply(wanted)
    lab.host("a1").ip("link delete eth0")
    assert not kernel.links(lab.vpc()).get(f"eni-{eni_id('a1')[-8:]}")
    lab.restart_machines()
    lab.apply(wanted)

    assert not udp(lab.host("a2"), lab.host("a1"))
    assert udp_answered(lab.host("a1"), lab.host("a2"))


def test_a_port_is_a_closed_eth0_with_the_interfaces_mac(make_lab):
    lab = make_lab()
    lab.fabric.apply(world())
    [row] = kernel.show(lab.fabric.port(eni_id("a1")), "address show eth0")

    assert (row["address"], row["mtu"], row["addr_info"]) == ("02:00:00:01:01:01", 9001, [])
    assert "UP" not in row["flags"]


def test_a_machine_keeps_its_place_while_its_interface_is_elsewhere(make_lab):
    """An instance takes `eth0` into a namespace of its own while it runs."""
    lab = make_lab()
    lab.apply(with_routes(world(), a1="10.1.1.0/24"))
    inner = f"lab-inner-{lab.home.id}"
    run("ip", "netns", "add", inner)
    try:
        run("ip", "-n", lab.fabric.port(eni_id("a1")), "link", "set", "eth0", "netns", inner)
        machine = Host(inner, lab.host("a1").address, lab.host("a1").mac)
        machine.ip(
            "address add 192.168.1.11/24 dev eth0",
            "link set lo up",
            "link set eth0 up",
            f"address add {POD['a1']}/32 dev lo",
            "route add default via 192.168.1.1",
        )
        lab.apply(with_eni(with_routes(world(), a1="10.1.1.0/24"), "a2", source_dest_check=True))

        assert udp(lab.host("b1"), machine, POD["a1"])
        lab.apply(without_eni(world(), "a1"))
        assert "eth0" not in kernel.links(inner)
    finally:
        run("ip", "netns", "delete", inner)
