"""Files and scripts of a node that are sent as they are."""

import os
import shutil
import subprocess
from pathlib import Path

import agent
import pytest

PROJECT = Path(__file__).parents[3]
FILES = PROJECT / "userdata" / "files"


def test_the_sysctls_set_at_boot_are_those_the_agent_keeps():
    lines = (FILES / "etc/sysctl.d/90-podnet.conf").read_text().splitlines()

    assert [line.lstrip("-") for line in lines] == [
        f"net.{name.replace('/', '.')} = 1" for name in agent.SYSCTLS
    ]


def test_leases_are_cleared_where_the_conflist_puts_them():
    rules = (FILES / "etc/tmpfiles.d/podnet.conf").read_text().splitlines()[-2:]

    assert rules == ["r! /var/lib/cni/networks/mynet/*", "r! /var/lib/cni/results/mynet-*"]


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck on PATH")
def test_shellcheck_has_nothing_to_say():
    scripts = [str(path) for path in FILES.rglob("*.sh")]

    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)

    assert ({Path(script).name for script in scripts}, done.stdout) == (
        {"keep-lease.sh", "setup.sh"},
        "",
    )


@pytest.fixture
def set_up(tmp_path):
    """Run setup.sh where only the named programs exist; returns its exit code and their calls."""

    def run(*programs, failing=()):
        folder, calls = tmp_path / "bin", tmp_path / "calls"
        folder.mkdir()
        for program in (*programs, "apt-get", "modprobe"):
            stub = folder / program
            stub.write_text(
                f'#!/bin/sh\necho "{program} $*" >>{calls}\nexit {int(program in failing)}\n'
            )
            stub.chmod(0o755)
        done = subprocess.run(
            ["/bin/sh", FILES / "usr/local/lib/podnet/setup.sh"],
            env={**os.environ, "PATH": str(folder)},
            check=False,
        )
        lines = calls.read_text().splitlines() if calls.exists() else []
        return done.returncode, [line for line in lines if not line.startswith("modprobe")]

    return run


def test_nothing_is_fetched_where_nothing_is_missing(set_up):
    assert set_up("nft", "iptables", "host-local") == (0, [])


@pytest.mark.parametrize("present", [["nft", "host-local"], ["iptables", "host-local"], ["nft"]])
def test_what_is_missing_is_installed(set_up, present):
    assert set_up(*present) == (
        0,
        [
            "apt-get -q update",
            (
                "apt-get -qy -o DPkg::Lock::Timeout=300 --no-install-recommends install "
                "containernetworking-plugins iptables nftables"
            ),
        ],
    )


def test_a_failed_installation_fails_the_start_so_that_it_is_tried_again(set_up):
    assert set_up("host-local", failing=["apt-get"]) == (1, ["apt-get -q update"])


ROUTES = "default via 192.168.1.1 dev ens5 proto dhcp src 192.168.1.11 metric 1024"
NETPLAN = "10-netplan-ens5.network"


@pytest.fixture
def keep_lease(tmp_path):
    """Run keep-lease.sh with what programs print; returns what networkd was asked to do."""
    calls, stubs = tmp_path / "calls", tmp_path / "bin"
    stubs.mkdir()

    def run(status, routes=ROUTES):
        calls.write_text("")
        for name, text in {"ip": routes, "networkctl": status, "systemctl": ""}.items():
            (stubs / name).write_text(
                f"#!/bin/sh\necho \"{name} $*\" >>{calls}\ncat <<'X'\n{text}\nX\n"
            )
            (stubs / name).chmod(0o755)
        subprocess.run(
            ["/bin/sh", FILES / "usr/local/lib/podnet/keep-lease.sh", tmp_path / "network"],
            env={**os.environ, "PATH": f"{stubs}:/usr/bin:/bin"},
            check=True,
        )
        return [line for line in calls.read_text().splitlines() if not line.startswith("ip ")]

    return run


def test_the_lease_is_kept_by_whatever_file_is_in_force_and_networkd_reads_it_once(
    keep_lease, tmp_path
):
    status = (
        f'{{"Index":2,"NetworkFile":"/run/systemd/network/{NETPLAN}","RequiredForOnline":true}}'
    )

    first, second = keep_lease(status), keep_lease(status)

    asked = "networkctl status --json=short ens5"
    assert (first, second) == ([asked, "systemctl restart systemd-networkd"], [asked])
    assert {path.name: path.read_text() for path in tmp_path.rglob("*.conf")} == {
        "podnet.conf": "[Network]\nKeepConfiguration=dhcp\n"
    }
    assert (tmp_path / "network" / f"{NETPLAN}.d" / "podnet.conf").exists()


@pytest.mark.parametrize(
    ("status", "routes"),
    [('{"Index":2,"NetworkFile":null}', ROUTES), ("", ROUTES), ("", "")],
    ids=["unmanaged", "no networkd", "no default route"],
)
def test_without_a_file_in_force_nothing_is_written(keep_lease, tmp_path, status, routes):
    keep_lease(status, routes)

    assert not (tmp_path / "network").exists()
