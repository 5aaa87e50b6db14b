import dataclasses
import gzip
import re
import subprocess
import time
from base64 import b64decode
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import update
import yaml

from podnet import userdata
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.userdata import rendering
from tests.refusals import refused

PROJECT = Path(__file__).parents[3]
FILES = PROJECT / "userdata" / "files"
CLUSTER = Settings(kubernetes=Kubernetes.KUBEADM)


def test_the_files_of_a_node_are_as_the_golden_copy(golden):
    golden("node-files.txt", listing(userdata.contents(Settings(), "dev")))


def test_what_unpacks_them_is_as_the_golden_copy(golden):
    text = userdata.render(Settings(), "dev")

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
        if path.is_file() and path.name != "podnet-base.bz2"
    }


@pytest.mark.parametrize("settings", [Settings(), CLUSTER], ids=["plain", "cluster"])
def test_every_file_arrives(settings, tmp_path):
    written = unpacked(userdata.render(settings, "dev"), tmp_path)

    assert written == userdata.contents(settings, "dev")


BASE = "/usr/local/lib/podnet-base/"
UPDATING = {
    "/etc/podnet/node.env",
    "/etc/systemd/system/podnet-update.service",
    f"{BASE}fetch.py",
    f"{BASE}metadata.py",
    f"{BASE}ssm.py",
}


def test_a_node_without_a_cluster_gets_its_network_and_what_fetches_the_rest():
    assert set(userdata.contents(Settings(), "dev")) == {
        *UPDATING,
        *(f"{BASE}{path}" for path in userdata.release.network()),
    }
    # What a node without a way to the API has to do with.
    needed = {"agent.py", "conflist.py", "keep-lease.sh", "peers.py", "nft_ruleset.py", "setup.sh"}
    assert needed < userdata.release.network().keys()


def test_a_node_of_a_cluster_is_nothing_without_the_api_and_gets_what_fetches_alone():
    assert set(userdata.contents(CLUSTER, "dev")) == UPDATING


def test_the_base_restarts_networkd_only_where_that_removes_no_route():
    """As a release does, which so finds both files there and restarts nothing."""
    base = userdata.release.network()

    assert "ManageForeignRoutes=no\n" in base["etc/systemd/networkd.conf.d/podnet.conf"]
    assert (
        "/keep-lease.sh /etc/systemd/network\n" in base["etc/systemd/system/podnet-agent.service"]
    )


@pytest.mark.parametrize("settings", [Settings(), CLUSTER], ids=["plain", "cluster"])
def test_what_runs_first_is_the_base(settings, tmp_path):
    text = userdata.render(settings, "dev")
    unpacked(text, tmp_path)
    (tmp_path / "etc/systemd/system").mkdir(parents=True, exist_ok=True)
    for run in yaml.safe_load(text)["runcmd"][1:-1]:
        paths = [f"{tmp_path}{word}" if word.startswith("/") else word for word in run]
        subprocess.run(paths, check=True)

    library = tmp_path / "usr/local/lib/podnet"
    assert str(library.readlink()) == "podnet-base"
    found = {
        str(path.relative_to(tmp_path / "etc")): str(path.readlink()).removeprefix(str(tmp_path))
        for path in (tmp_path / "etc").rglob("*")
        if path.is_symlink()
    }
    # The updater's own, but for what is started.
    assert found == {
        path: target for path, target in update.links(library).items() if "wants" not in path
    }


def test_nothing_else_is_asked_of_cloud_init():
    text = userdata.render(Settings(), "dev")

    cloud_config = yaml.safe_load(text)

    assert text.startswith("#cloud-config\n")
    assert cloud_config.keys() == {"output", "write_files", "runcmd"}
    assert [command[0] for command in cloud_config["runcmd"]] == [
        "python3",
        "ln",
        "cp",
        "systemctl",
    ]
    assert cloud_config["runcmd"][-1] == [
        *("systemctl", "enable", "--now", "--no-block", "podnet-agent", "podnet-update")
    ]


@pytest.mark.parametrize(
    ("settings", "free"),
    [(Settings(), 2560), (CLUSTER, 4096)],
    ids=["plain", "cluster"],
)
def test_user_data_leaves_space(settings, free):
    """For what operators add, and for what a node will need in its first minute."""
    size = len(b64decode(userdata.encoded(settings, "a-stack-with-a-name-as-long-as-this-one")))

    assert rendering.LIMIT - size >= free


def test_a_file_or_what_unpacks_it_changes_the_version_and_the_compressor_does_not(monkeypatch):
    now = userdata.version(Settings(), "dev")
    monkeypatch.setattr(rendering.bz2, "compress", lambda _: b"another compressor's")
    same = userdata.version(Settings(), "dev")
    monkeypatch.setattr(rendering, "UNPACK", FILES / "etc/sysctl.d/90-podnet.conf")
    other_unpacking = userdata.version(Settings(), "dev")
    monkeypatch.undo()
    monkeypatch.setattr(rendering.release, "MODULES", rendering.release.MODULES[1:])

    assert same == now
    assert len({now, other_unpacking, userdata.version(Settings(), "dev")}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"node_count": 200},
        {"routing": RoutingMode.OVERLAY},
        {"instance_type": "m5.large"},
        {"tags": {"team": "net"}},
        {"ssh_cidrs": (IPv4Network("203.0.113.0/24"),)},
        {"session_manager": False},
        {"service_cidr": IPv4Network("10.200.0.0/16")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_setting_that_is_not_of_the_address_rule_changes_no_byte(change):
    changed = dataclasses.replace(Settings(), **change)

    assert userdata.render(changed, "dev") == userdata.render(Settings(), "dev")


def test_the_numbers_of_the_address_rule_are_in_node_env():
    settings = Settings(
        vpc_cidr=IPv4Network("172.20.4.0/22"),
        pod_cidr=IPv4Network("10.64.0.0/12"),
        pod_block_prefix=26,
        zones=2,
    )

    assert userdata.node_env(settings, "dev") == (
        "PODNET_VPC_CIDR=172.20.4.0/22\nPODNET_POD_CIDR=10.64.0.0/12\n"
        "PODNET_BLOCK_PREFIX=26\nPODNET_SUBNET_PREFIX=22\nPODNET_NODE_RANGE_PREFIX=26\n"
        "PODNET_FILES=/podnet/dev/files\n"
    )


def test_no_number_of_the_default_stack_is_in_another_stacks_user_data():
    settings = Settings(vpc_cidr=IPv4Network("172.20.4.0/22"), pod_cidr=IPv4Network("10.64.0.0/12"))

    text = listing(userdata.contents(settings, "dev"))

    assert [number for number in ("192.168.", "10.1.") if number in text] == []


def test_what_the_api_takes_is_the_same_text_compressed():
    raw = b64decode(userdata.encoded(Settings(), "dev"))

    assert raw.startswith(b"\x1f\x8b")
    assert gzip.decompress(raw).decode() == userdata.render(Settings(), "dev")


def test_what_the_api_takes_does_not_hang_on_the_time_of_day(monkeypatch):
    now = userdata.encoded(Settings(), "dev")
    monkeypatch.setattr(time, "time", lambda: 0.0)

    assert userdata.encoded(Settings(), "dev") == now


def test_user_data_of_exactly_the_limit_is_rendered(monkeypatch):
    text, size = (
        userdata.render(Settings(), "dev"),
        len(b64decode(userdata.encoded(Settings(), "dev"))),
    )
    monkeypatch.setattr(rendering, "LIMIT", size)

    assert userdata.render(Settings(), "dev") == text


def test_one_byte_over_the_limit_is_refused_with_both_numbers(monkeypatch):
    size = len(b64decode(userdata.encoded(Settings(), "dev")))
    monkeypatch.setattr(rendering, "LIMIT", size - 1)

    with refused("user-data-too-large", userdata.UserDataTooLargeError) as caught:
        userdata.render(Settings(), "dev")

    assert f"{size:,} bytes" in str(caught.value)
    assert f"at most {size - 1:,};" in str(caught.value)


def test_the_limit_is_the_one_of_ec2():
    assert rendering.LIMIT == 16_384
