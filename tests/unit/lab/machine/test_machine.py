import os
import platform
import subprocess
from itertools import pairwise

import pytest

from podnet.lab.home import Home
from podnet.lab.machine import lifecycle, memory, shares
from podnet.lab.machine.boot import initrd, newc
from podnet.lab.machine.description import kernel as described
from podnet.lab.machine.guest.__main__ import ports
from podnet.lab.machine.hypervisors import qemu, user_mode
from podnet.lab.machine.hypervisors.machine import Hypervisor, Machine, Share
from podnet.lab.machine.kernels import debian
from podnet.lab.machine.kernels.kernel import Kind
from podnet.lab.stack import overrides
from tests.refusals import refused


def machine(hypervisor, tmp_path):
    return Machine(
        kernel=tmp_path / "vmlinuz",
        initrd="initrd",
        console="console.log",
        hypervisor=hypervisor,
        megabytes=4096,
        processors=2,
    )


def option(argv, name):
    return [value for key, value in pairwise(argv) if key == name]


def test_the_machine_has_no_network_and_shares_its_memory_with_who_serves_folders(tmp_path):
    argv = qemu.argv(machine(Hypervisor.TCG, tmp_path))

    assert option(argv, "-nic") == ["none"]
    assert option(argv, "-accel") == ["tcg,thread=multi,tb-size=1024"]
    assert option(argv, "-m") == ["4096M"]
    assert "memory-backend-memfd,id=memory,size=4096M,share=on" in option(argv, "-object")
    assert {f"vhost-user-fs-pci,chardev={share},tag={share}" for share in Share} <= set(
        option(argv, "-device")
    )


def test_only_edits_of_the_checkout_must_show_at_once(tmp_path):
    cached = {share: qemu.share_argv(share, tmp_path, 3)[-1] for share in Share}

    assert {share for share in Share if "cache=auto" in cached[share]} == {Share.CHECKOUT}


def test_a_kernel_in_user_mode_has_a_serial_line_for_each_port(tmp_path):
    argv = user_mode.argv(machine(Hypervisor.USER_MODE, tmp_path), [7, 9])

    assert argv[0] == str(tmp_path / "vmlinuz")
    assert {"mem=4096M", "initrd=initrd", "ssl=null", "ssl0=fd:7", "ssl1=fd:9"} <= set(argv)
    (tmp_path / "cmdline").write_text(" ".join(argv))
    assert [str(port) for port in ports(tmp_path, tmp_path / "cmdline")] == [
        "/dev/ttyS0",
        "/dev/ttyS1",
    ]


@pytest.fixture
def kernel(tmp_path):
    found = debian.at(tmp_path / "6.1.0-1-cloud-amd64")
    (found.modules / "kernel").mkdir(parents=True)
    lines = {
        "virtio_pci": ["virtio_ring", "virtio"],
        "virtiofs": ["fuse", "virtio_ring", "virtio"],
        "virtio_console": ["virtio_ring", "virtio"],
        "overlay": [],
        "virtio_ring": ["virtio"],
        "virtio": [],
        "fuse": [],
        "e1000": [],
    }
    path = "kernel/{}.ko".format
    (found.modules / "modules.dep").write_text(
        "".join(f"{path(name)}: {' '.join(map(path, of))}\n" for name, of in lines.items())
    )
    for name in lines:
        (found.modules / path(name)).write_text(name)
    return found


def test_modules_are_inserted_after_those_that_they_depend_on(kernel):
    files = initrd.modules(kernel.modules)
    names = [name.removeprefix("kernel/").removesuffix(".ko") for name in files]

    assert names == [
        "virtio", "virtio_ring", "virtio_pci", "fuse", "virtiofs", "virtio_console", "overlay",
    ]  # fmt: skip


@pytest.mark.lab
def test_the_archive_is_one_that_cpio_unpacks(tmp_path):
    entries = [
        newc.folder("bin"),
        newc.file("bin/tool", b"#!/bin/sh\n", 0o755),
        newc.file("odd", b"12345"),
        newc.link("bin/sh", "tool"),
    ]
    subprocess.run(
        ["cpio", "--extract", "--quiet"],
        input=newc.archive(entries),
        cwd=tmp_path,
        check=True,
    )

    assert (tmp_path / "odd").read_bytes() == b"12345"
    assert (tmp_path / "bin/tool").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "bin/sh").readlink().name == "tool"


def test_the_settings_of_the_script_are_quoted(kernel, monkeypatch, tmp_path):
    (tmp_path / "busybox").write_bytes(b"busybox")
    monkeypatch.setattr(initrd, "BUSYBOX", tmp_path / "busybox")

    built = initrd.build(kernel, {"LAB": "/it's; reboot"})

    assert b"LAB='/it'\"'\"'s; reboot'\n" in built
    assert b"INSERTED='virtio.ko\nvirtio_ring.ko\nvirtio_pci.ko" in built


@pytest.mark.parametrize(
    ("available", "expected"), [(23000, 8192), (8000, 6976), (4096, 3072)], ids=str
)
def test_the_machine_gets_what_is_free_up_to_a_limit(available, expected):
    assert memory.of_available(available) == expected


def test_too_little_memory_is_refused_with_numbers():
    with refused("memory-too-small") as caught:
        memory.of_available(4095)

    assert "4095 MB" in str(caught.value)
    assert "3072 MB" in str(caught.value)


def test_a_folder_of_memory_that_is_too_small_is_named_with_the_way_out(tmp_path):
    with refused("memory-folder-too-small") as caught:
        memory.held_by(tmp_path, 64)

    assert f"{tmp_path} has 64 MB free" in str(caught.value)
    assert "remount,size=8g" in str(caught.value)
    assert memory.held_by(tmp_path, 5000) == 5000


def test_the_newest_kernel_is_the_one_that_the_package_depends_on():
    answer = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-57-cloud-amd64\n"

    assert debian.newest(answer) == "6.1.0-57-cloud-amd64"
    assert debian.newest("") is None


def test_without_a_package_and_an_earlier_one_there_is_no_kernel(monkeypatch, tmp_path):
    monkeypatch.setattr(debian, "dependencies", lambda: "")
    with refused("kernel-package-missing"):
        debian.ensure(lambda _: None, tmp_path)


def test_without_apt_the_kernel_that_was_fetched_before_is_taken(monkeypatch, tmp_path):
    monkeypatch.setattr(debian, "dependencies", lambda: "")
    place = tmp_path / "6.1.0-1-cloud-amd64"
    (place / "boot").mkdir(parents=True)
    (place / "boot/vmlinuz-6.1.0-1-cloud-amd64").touch()

    assert debian.ensure(lambda _: None, tmp_path).release == "6.1.0-1-cloud-amd64"


def test_file_systems_of_disks_are_shared_and_those_below_others_are_not():
    lines = """\
1 0 254:0 / / rw,relatime - ext4 /dev/vda rw
2 1 0:5 / /proc rw - proc proc rw
3 1 254:1 / /home\\040of rw - xfs /dev/vdb rw
4 1 0:6 / /tmp rw - tmpfs tmpfs rw
5 4 254:2 / /tmp/disk rw - ext4 /dev/vdc rw
"""

    assert [str(place) for place in shares.mounted(lines)] == ["/", "/home of"]


def test_what_the_kernel_is_called_says_where_it_runs(tmp_path):
    home = Home.open(tmp_path)
    said = [described(home)]
    for hypervisor in Hypervisor:
        home.guest.write_text(hypervisor)
        said.append(described(home))

    name = f"Linux {platform.release()}"
    assert said[:2] == [f"{name}, this machine's own", f"{name}, in a virtual machine"]
    assert said[2].startswith(f"{name}, in a virtual machine that is emulated: waits")
    assert said[3].startswith(f"{name}, in user mode: waits")


def test_where_all_is_emulated_a_deployment_waits_longer_for_nodes(tmp_path):
    home = Home.open(tmp_path)
    before = overrides.of_lab(home)
    home.guest.write_text("tcg")

    assert before == overrides.OF_LAB
    assert overrides.of_lab(home) == {**before, "podnet:settleTimeout": "960"}


def test_packages_that_are_missing_are_named(monkeypatch, tmp_path):
    packages = {kind: {tmp_path / "qemu": "qemu-system-x86"} for kind in Kind}
    monkeypatch.setattr(lifecycle, "PACKAGES", packages)
    with refused("machine-packages-missing") as caught:
        lifecycle.require_packages(Kind.DEBIAN)

    assert "qemu-system-x86; `scripts/setup kernel`" in str(caught.value)


def test_whoever_is_not_root_is_refused(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with refused("machine-needs-root"):
        lifecycle.require_root()


def test_a_machine_that_has_ended_is_said_to_have_and_shows_its_last_lines(tmp_path):
    home = Home.open(tmp_path)
    home.machine.mkdir()
    (home.machine / "kernel").write_text("debian")
    (home.machine / "console.log").write_text("line\n" * 20 + "Kernel panic\r\n")
    (home.machine / "pid").write_text("1")
    with refused("machine-dead") as caught:
        lifecycle.require_running(home)

    assert "Kernel panic\n`podnet up" in str(caught.value)
    lifecycle.end(home)  # process 1 does not hold the lock, and is left alone
    assert not home.machine.exists()
