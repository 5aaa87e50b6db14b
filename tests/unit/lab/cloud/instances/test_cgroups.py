from __future__ import annotations

import os
from pathlib import Path

import pytest

from podnet.lab.cloud.instances.cgroups import Cgroups, controllers, hierarchies
from tests.refusals import refused

HYBRID = """\
tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,relatime,pids 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
"""
UNIFIED = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime 0 0\n"


@pytest.mark.parametrize(
    ("mounts", "found"),
    [
        (HYBRID, ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"]),
        (UNIFIED, ["/sys/fs/cgroup"]),
    ],
    ids=["hybrid", "unified"],
)
def test_the_hierarchies_are_those_in_which_systemd_makes_groups(mounts, found):
    assert hierarchies(mounts) == [Path(path) for path in found]


def test_a_machine_without_hierarchies_is_refused():
    with refused("cgroup-hierarchy-mounted"):
        Cgroups("lab-abc", [], [])


def test_a_kubelet_s_instance_gets_the_controllers_of_a_unified_hierarchy(tmp_path):
    lab = tmp_path / "lab-abc"
    lab.mkdir()
    for group, offered in ((tmp_path, "cpuset cpu memory hugetlb"), (lab, "cpu memory")):
        (group / "cgroup.controllers").write_text(f"{offered}\n")
    asked = []

    class Control(type(tmp_path)):
        def write_text(self, text):
            asked.append((str(self.relative_to(tmp_path)), text))

    Cgroups("lab-abc", [Control(tmp_path)], []).make("i-1")
    assert asked == []
    Cgroups("lab-abc", [Control(tmp_path)], []).make("i-2", kubelet=True)

    own, group = "cgroup.subtree_control", "lab-abc/cgroup.subtree_control"
    assert asked == [
        *((own, f"+{name}") for name in ("cpu", "cpuset", "memory")),
        *((group, f"+{name}") for name in ("cpu", "memory")),
    ]


def test_the_processes_of_a_lab_are_those_of_all_its_groups(tmp_path):
    groups = Cgroups("lab-abc", [tmp_path / "one", tmp_path / "two"], [])
    for number, place in enumerate([*groups.make("cloud"), *groups.make("i-1/payload/init.scope")]):
        (place / "cgroup.procs").write_text(f"{100 + number}\n7\n")
    (tmp_path / "one/lab-abcd").mkdir()
    (tmp_path / "one/lab-abcd/cgroup.procs").write_text("999\n")

    assert groups.processes() == {7, 100, 101, 102, 103}


def test_a_group_that_ends_while_the_others_are_read_is_passed_over(tmp_path, monkeypatch):
    groups = Cgroups("lab-abc", [tmp_path], [])
    (left,) = groups.make("cloud")
    (left / "cgroup.procs").write_text("7\n")
    groups.make("i-1/payload")
    scandir = os.scandir

    def vanishing(path):
        if str(path).endswith("payload"):
            raise FileNotFoundError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", vanishing)

    assert groups.processes() == {7}


@pytest.mark.parametrize(
    ("offered", "weights"), [("cpuset cpu pids\n", "1000"), ("pids\n", None), (None, None)]
)
def test_the_cloud_goes_before_the_instances_where_groups_have_weights(tmp_path, offered, weights):
    groups = Cgroups("lab-abc", [tmp_path], [])
    (cloud,) = groups.make("cloud")
    groups.make("i-1")
    if offered is not None:
        (tmp_path / "lab-abc/cgroup.controllers").write_text(offered)
    groups.prefer("cloud")

    written = {file.name: file.read_text() for file in tmp_path.rglob("*.weight")}
    assert written == ({"cpu.weight": weights} if weights else {})
    assert (cloud / "cpu.weight").exists() == bool(weights)
    assert (tmp_path / "lab-abc/cgroup.subtree_control").exists() == bool(weights)


@pytest.mark.parametrize(
    ("mounts", "found"),
    [
        (HYBRID, ["/sys/fs/cgroup/pids"]),
        (UNIFIED, []),
    ],
    ids=["hybrid", "unified"],
)
def test_the_hierarchies_of_kubelets_are_those_of_single_controllers(mounts, found):
    assert controllers(mounts) == [Path(path) for path in found]


def test_only_a_kubelet_gets_groups_of_controllers_and_all_of_them_go(tmp_path):
    groups = Cgroups("lab-abc", [tmp_path / "systemd"], [tmp_path / "pids"])
    service, kubelet = groups.make("i-1"), groups.make("i-2", kubelet=True)
    (kubelet[1] / "k8s.io/container").mkdir(parents=True)

    assert service == [tmp_path / "systemd/lab-abc/i-1"]
    assert kubelet == [tmp_path / "systemd/lab-abc/i-2", tmp_path / "pids/lab-abc/i-2"]
    groups.end()
    assert list(tmp_path.rglob("lab-abc")) == []


def test_a_group_of_processors_has_those_of_its_parent_or_none_may_enter(tmp_path, monkeypatch):
    root = tmp_path / "cpuset"
    made = Path.mkdir

    def mkdir(path, **options):
        made(path, **options)
        if root in path.parents:  # as the kernel fills a new group of this controller
            for name in ("cpuset.cpus", "cpuset.mems"):
                (path / name).write_text("\n")

    root.mkdir()
    (root / "cpuset.cpus").write_text("0-1\n")
    (root / "cpuset.mems").write_text("0\n")
    monkeypatch.setattr(Path, "mkdir", mkdir)
    [_, group] = Cgroups("lab-abc", [tmp_path], [root]).make("i-1", kubelet=True)

    assert (group / "cpuset.cpus").read_text() == "0-1\n"
    assert (group / "cpuset.mems").read_text() == "0\n"
