from pathlib import Path

import pytest

from podnet.lab.cloud.fabric import kernel, names
from podnet.lab.home import Home
from podnet.system.commands import CommandError

LIMITS = ("gc_thresh1", "gc_thresh2", "gc_thresh3")
HOME = Home(Path("/nowhere"), "abc123")


@pytest.fixture
def limits(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel, "NEIGHBOURS", tmp_path)
    for name, value in zip(LIMITS, (128, 512, 1024), strict=True):
        (tmp_path / name).write_text(f"{value}\n")

    def read():
        return [int((tmp_path / name).read_text()) for name in LIMITS]

    return read


def test_limits_on_neighbours_stay_while_they_suffice(limits):
    kernel.raise_neighbour_limits(16)

    assert limits() == [128, 512, 1024]


def test_limits_on_neighbours_rise_and_never_fall(limits):
    kernel.raise_neighbour_limits(900)
    raised = limits()
    kernel.raise_neighbour_limits(16)

    assert (raised, limits()) == ([900, 1800, 3600], [900, 1800, 3600])


def test_a_namespace_that_hides_the_limits_is_no_obstacle(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel, "NEIGHBOURS", tmp_path)
    kernel.raise_neighbour_limits(900)

    assert list(tmp_path.iterdir()) == []


def test_a_failed_line_of_a_batch_is_named_as_one_could_paste_it(monkeypatch):
    def fail(*argv, stdin):
        raise CommandError(argv, 1, "Error: Unknown device type.\nCommand failed -:2\n")

    monkeypatch.setattr(kernel, "run", fail)

    with pytest.raises(CommandError, match="`ip -n ns link add x type y` ended with 1: Error: U"):
        kernel.change("ns", ["link show", "link add x type y", "link show"])


def test_an_empty_batch_runs_nothing(monkeypatch):
    monkeypatch.delattr(kernel, "run")

    kernel.change("ns", [])


@pytest.mark.parametrize(
    ("namespace", "role"),
    [
        (HOME.namespace("vpc-0a1b2c"), "vpc"),
        (HOME.namespace("eni-0a1b2c3d"), "eni"),
        (HOME.namespace("internet"), "internet"),
        (HOME.namespace("pod-1"), None),
        (HOME.namespace("eni-0a1b/.."), None),
        ("lab-internet-abc124", None),
        ("x-lab-internet-abc123", None),
        ("lab-internet-abc123-x", None),
    ],
)
def test_only_the_fabrics_own_namespaces_of_this_lab_are_its_own(namespace, role):
    assert names.role(HOME, namespace) == role


@pytest.mark.parametrize("name", [names.bridge, names.port, names.uplink])
def test_a_device_name_fits_the_kernel(name):
    assert len(name("subnet-0123456789abcdef0")) <= 15


def test_a_table_number_is_beyond_the_kernels_own_and_fits_it():
    assert names.table("rtb-00000000") > 255
    assert names.table("rtb-0ffffffffffffffff") < 2**32
