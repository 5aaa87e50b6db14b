import dataclasses
import gzip
import os
import re
import shutil
import subprocess
import time
from base64 import b64decode
from ipaddress import IPv4Network
from pathlib import Path

import agent
import pytest
import yaml

from podnet import userdata
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.userdata import rendering
from podnet.userdata.stripping import uncommented
from tests.refusals import refused

PROJECT = Path(__file__).parents[3]
FILES = PROJECT / "userdata" / "files"
CLUSTER = Settings(kubernetes=Kubernetes.KUBEADM)


def test_the_files_of_a_node_are_as_the_golden_copy(golden):
    golden("node-files.txt", listing(userdata.contents(Settings())))


def test_what_unpacks_them_is_as_the_golden_copy(golden):
    text = userdata.render(Settings())

    golden("user-data.yaml", re.sub("(?m)^  content: .*", "  content: ...", text))


def listing(files):
    return "".join(f"=== {path}\n{text}" for path, text in files.items())


def unpacked(text, root):
    """The files on a node after cloud-init has written and run what a text asks for."""
    cloud_config = yaml.safe_load(text)
    for file in cloud_config["write_files"]:
        assert file["encoding"] == "b64"
        target = root / file["path"][1:]
        target.parent.mkdir(parents=True)
        target.write_bytes(b64decode(file["content"]))
    *program, folder = cloud_config["runcmd"][0]
    assert folder == "/"
    subprocess.run([*program, str(root)], check=True)
    return {
        f"/{path.relative_to(root)}": path.read_text()
        for path in root.rglob("*")
        if path.is_file() and path.name != "files.json.bz2"
    }


@pytest.mark.parametrize("settings", [Settings(), CLUSTER], ids=["plain", "cluster"])
def test_every_file_arrives(settings, tmp_path):
    written = unpacked(userdata.render(settings, "dev"), tmp_path)

    assert written == userdata.contents(settings, "dev")


def test_a_node_gets_every_file_of_the_folder():
    constant = {
        f"/{path.relative_to(FILES)}"
        for path in FILES.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert set(userdata.contents(Settings())) == {
        "/etc/podnet/node.env",
        *(
            f"/usr/local/lib/podnet/podnet/plan/{name}"
            for name in ("address.py", "node_network.py", "routing.py")
        ),
        *constant,
    }


def test_what_is_no_python_arrives_without_lines_that_are_comments():
    files = userdata.contents(Settings())

    assert {path: files[path] for path in files if not path.endswith((".py", "node.env"))} == {
        f"/{path.relative_to(FILES)}": uncommented(path.read_text())
        for path in FILES.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }


def test_nothing_else_is_asked_of_cloud_init():
    text = userdata.render(Settings())

    cloud_config = yaml.safe_load(text)

    assert text.startswith("#cloud-config\n")
    assert cloud_config.keys() == {"write_files", "runcmd"}
    assert cloud_config["runcmd"][1:] == [
        ["systemctl", "enable", "--now", "--no-block", "podnet-agent"]
    ]


def test_a_cluster_leaves_space_for_what_the_agent_will_need():
    raw = b64decode(userdata.encoded(CLUSTER, "dev"))

    assert len(raw) < rendering.LIMIT - 512


def test_a_file_or_what_unpacks_it_changes_the_version_and_the_compressor_does_not(monkeypatch):
    now = userdata.version(Settings())
    monkeypatch.setattr(rendering.bz2, "compress", lambda _: b"another compressor's")
    same = userdata.version(Settings())
    monkeypatch.setattr(rendering, "UNPACK", FILES / "etc/sysctl.d/90-podnet.conf")
    other_unpacking = userdata.version(Settings())
    monkeypatch.undo()
    monkeypatch.setattr(rendering, "CONSTANT", rendering.CONSTANT[1:])

    assert same == now
    assert len({now, other_unpacking, userdata.version(Settings())}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"node_count": 200},
        {"routing": RoutingMode.OVERLAY},
        {"instance_type": "m5.large"},
        {"image_id": "ami-0123456789abcdef0"},
        {"tags": {"team": "net"}},
        {"admin_cidrs": (IPv4Network("203.0.113.0/24"),)},
        {"session_manager": False},
        {"service_cidr": IPv4Network("10.200.0.0/16")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_setting_that_is_not_of_the_address_rule_changes_no_byte(change):
    changed = dataclasses.replace(Settings(), **change)

    assert userdata.render(changed) == userdata.render(Settings())


def test_the_numbers_of_the_address_rule_are_in_node_env():
    settings = Settings(
        vpc_cidr=IPv4Network("172.20.4.0/22"),
        pod_cidr=IPv4Network("10.64.0.0/12"),
        pod_block_prefix=26,
        zones=2,
    )

    assert userdata.node_env(settings) == (
        "PODNET_VPC_CIDR=172.20.4.0/22\nPODNET_POD_CIDR=10.64.0.0/12\n"
        "PODNET_BLOCK_PREFIX=26\nPODNET_ZONES=2\n"
    )


def test_no_number_of_the_default_stack_is_in_another_stacks_user_data():
    settings = Settings(vpc_cidr=IPv4Network("172.20.4.0/22"), pod_cidr=IPv4Network("10.64.0.0/12"))

    text = listing(userdata.contents(settings))

    assert [number for number in ("192.168.", "10.1.") if number in text] == []


def test_what_the_api_takes_is_the_same_text_compressed():
    raw = b64decode(userdata.encoded(Settings()))

    assert raw.startswith(b"\x1f\x8b")
    assert gzip.decompress(raw).decode() == userdata.render(Settings())


def test_what_the_api_takes_does_not_hang_on_the_time_of_day(monkeypatch):
    now = userdata.encoded(Settings())
    monkeypatch.setattr(time, "time", lambda: 0.0)

    assert userdata.encoded(Settings()) == now


def test_user_data_of_exactly_the_limit_is_rendered(monkeypatch):
    text, size = userdata.render(Settings()), len(b64decode(userdata.encoded(Settings())))
    monkeypatch.setattr(rendering, "LIMIT", size)

    assert userdata.render(Settings()) == text


def test_one_byte_over_the_limit_is_refused_with_both_numbers(monkeypatch):
    size = len(b64decode(userdata.encoded(Settings())))
    monkeypatch.setattr(rendering, "LIMIT", size - 1)

    with refused("user-data-too-large", userdata.UserDataTooLargeError) as caught:
        userdata.render(Settings())

    assert f"{size:,} bytes" in str(caught.value)
    assert f"at most {size - 1:,};" in str(caught.value)


def test_the_limit_is_the_one_of_ec2():
    assert rendering.LIMIT == 16_384


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
