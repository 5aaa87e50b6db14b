"""The leases that are removed and written, by the results of the runtime."""

import fcntl
import os
from ipaddress import IPv4Address, IPv4Network

import leases
import pytest
from machine import Node

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing
from tests.sandboxes import Runtime

PLAN = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
NODE = Node(PLAN, "eth0", IPv4Address("192.168.1.11"), 9001)


@pytest.fixture
def runtime(tmp_path):
    subject = Runtime(tmp_path)
    subject.add("web", "10.1.1.2", "veth0")
    return subject


@pytest.fixture
def keep(runtime):
    subject = leases.Leases(runtime.folder)
    return lambda: subject.keep(NODE, Routing())


def aged(file):
    os.utime(file, (0, 0))
    return file


def names(runtime):
    return {file.name for file in runtime.leases.glob("10.*")}


def test_leases_of_pods_that_run_stay(runtime, keep):
    aged(runtime.leases / "10.1.1.2")

    assert (keep(), names(runtime)) == ("", {"10.1.1.2"})


@pytest.mark.parametrize("container", ["gone", ""], ids=["of a pod that is gone", "empty"])
def test_an_old_lease_without_a_pod_is_removed(runtime, keep, container):
    aged(runtime.lease("10.1.1.9", container))

    assert keep() == "removed 1 of sandboxes that are gone, wrote again: none"
    assert names(runtime) == {"10.1.1.2"}


def test_a_lease_whose_pod_has_lost_its_network_namespace_is_removed(runtime, keep):
    runtime.add("old", "10.1.1.9", "veth9", runtime.folder / "gone")
    aged(runtime.leases / "10.1.1.9")

    assert keep() == "removed 1 of sandboxes that are gone, wrote again: none"


def test_a_lease_of_a_pod_that_is_being_added_stays(runtime, keep):
    runtime.lease("10.1.1.9", "coming")

    assert (keep(), names(runtime)) == ("", {"10.1.1.2", "10.1.1.9"})


def test_a_lease_that_a_pod_lacks_is_written_at_the_second_poll(runtime, keep):
    before = (runtime.leases / "10.1.1.2").read_bytes()
    (runtime.leases / "10.1.1.2").unlink()

    assert [keep(), keep(), keep()] == [
        "",
        "removed 0 of sandboxes that are gone, wrote again: 10.1.1.2",
        "",
    ]
    assert (runtime.leases / "10.1.1.2").read_bytes() == before


def test_a_pod_that_ends_gets_no_lease_back(runtime, keep):
    (runtime.leases / "10.1.1.2").unlink()
    keep()
    for file in runtime.results.iterdir():
        file.unlink()

    assert (keep(), names(runtime)) == ("", set())


def test_while_the_plugin_allocates_nothing_is_removed(runtime, keep):
    aged(runtime.lease("10.1.1.9"))
    with (runtime.leases / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert (keep(), names(runtime)) == ("", {"10.1.1.2", "10.1.1.9"})

    assert keep() == "removed 1 of sandboxes that are gone, wrote again: none"


def test_a_runtime_that_keeps_no_results_loses_no_lease(runtime, keep):
    aged(runtime.lease("10.1.1.9"))
    for file in runtime.results.iterdir():
        file.unlink()
    runtime.results.rmdir()

    assert (keep(), names(runtime)) == ("", {"10.1.1.2", "10.1.1.9"})


def test_a_node_that_never_had_a_pod_has_nothing_to_keep(tmp_path):
    assert leases.Leases(tmp_path).keep(NODE, Routing()) == ""
    assert leases.free_addresses(NODE, tmp_path) == 253


def test_free_addresses_are_counted_and_a_full_block_is_named(runtime):
    for host in range(3, 254):
        runtime.lease(f"10.1.1.{host}", "some")

    assert leases.free_addresses(NODE, runtime.folder) == 1
    assert [*leases.lease_problems(NODE, Routing(), runtime.folder)] == []

    runtime.lease("10.1.1.254", "some")

    assert [*leases.lease_problems(NODE, Routing(), runtime.folder)] == [
        "no address of 10.1.1.0/24 is free for another pod"
    ]


def test_an_address_of_two_pods_is_named(runtime):
    runtime.add("db", "10.1.1.2", "veth1")

    assert [*leases.lease_problems(NODE, Routing(), runtime.folder)] == [
        "pods db and web have the same address 10.1.1.2; delete one of them"
    ]


def test_the_node_counts_the_addresses_of_its_own_block_alone(runtime):
    runtime.lease(IPv4Address("10.1.2.7"), "from before the block changed")

    assert leases.free_addresses(NODE, runtime.folder) == 252
