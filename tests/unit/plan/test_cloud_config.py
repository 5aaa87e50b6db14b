"""What of `extraUserData` is accepted, and what is refused before anything is deployed."""

from __future__ import annotations

import json

import pytest

from podnet.plan import config
from podnet.plan.config import SettingsError
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.settings import Fabric, Settings
from podnet.userdata import contents, release
from podnet.userdata.rendering import PACK

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAA=="


def file(path, **others):
    return {"write_files": [{"path": path, "content": "x", **others}]}


def rules(extra, **others):
    try:
        config.load({"podnet:extraUserData": json.dumps(extra), **others})
    except SettingsError as error:
        return [problem.rule for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "extra",
    [
        {},
        file("/etc/motd", permissions="0644", owner="root:root", append=True, defer=False),
        file("/srv/data", content="eA==", encoding="b64"),
        {"write_files": [{"path": "/empty"}]},
        {"runcmd": ["touch /a", ["touch", "/b c"]], "bootcmd": ["true"]},
        {"packages": ["jq", ["htop", "3.2.2-2"], "libc6:amd64"], "package_upgrade": True},
        {"users": ["default", {"name": "ops"}], "groups": ["ops", {"admins": ["ops"]}]},
        {"ntp": {"servers": ["169.254.169.123"]}, "timezone": "Europe/Berlin", "locale": "C.UTF-8"},
        {"apt": {"conf": "x"}, "ca_certs": {"trusted": ["x"]}, "package_update": False},
    ],
    ids=json.dumps,
)
def test_what_cloud_init_takes_is_accepted_as_it_is(extra):
    assert config.load({"podnet:extraUserData": json.dumps(extra)}).extra_user_data == extra


@pytest.mark.parametrize("raw", ["packages", "[]", "7", "null", '"#cloud-config"'])
def test_what_is_no_object_is_refused(raw):
    with pytest.raises(SettingsError) as caught:
        config.load({"podnet:extraUserData": raw})

    assert [problem.rule for problem in caught.value.problems] == ["extra-user-data-no-object"]


@pytest.mark.parametrize(
    "key",
    ["output", "cloud_final_modules", "ssh_authorized_keys", "power_state", "hostname", "mounts"],
)
def test_a_key_that_podnet_does_not_merge_is_refused_by_its_name(key):
    with pytest.raises(SettingsError, match=f"podnet:extraUserData has {key}; podnet merges apt, "):
        config.load({"podnet:extraUserData": json.dumps({key: [], "packages": []})})


@pytest.mark.parametrize(
    "extra",
    [
        {"runcmd": "touch /a"},
        {"runcmd": [7]},
        {"runcmd": [[]]},
        {"runcmd": [["sleep", 1]]},
        {"runcmd": [""]},
        {"runcmd": [{"touch": "/a"}]},
        {"bootcmd": [None]},
        {"write_files": {"path": "/a"}},
        {"write_files": [{"content": "x"}]},
        {"write_files": ["/a"]},
        file("/a", mode="0644"),
        file("/a", permissions=420),
        file("/a", permissions="rw"),
        file("/a", encoding="rot13"),
        file("/a", encoding=["b64"]),
        file("/a", append="yes"),
        {"write_files": [{"path": "/a", "content": 7}]},
        {"packages": "jq"},
        {"packages": [["jq", "1", "2"]]},
        {"packages": ["jq; reboot"]},
        {"package_update": "yes"},
        {"users": {"name": "ops"}},
        {"users": [[]]},
        {"users": [{}]},
        {"groups": "ops"},
        {"ntp": []},
        {"apt": "x"},
        {"ca_certs": None},
        {"locale": 7},
        {"timezone": ""},
    ],
    ids=json.dumps,
)
def test_a_form_that_cloud_init_would_not_read_is_refused(extra):
    assert rules(extra) == ["extra-user-data-form"]


@pytest.mark.parametrize(
    "path",
    [
        "etc/motd",
        "/etc/./motd",
        "//etc/motd",
        "/etc//motd",
        "/etc/podnet/../podnet/node.env",
        "/srv/../etc/cni/net.d/10-mynet.conflist",
        "/etc/motd/",
        "../etc/motd",
    ],
)
def test_a_path_that_is_not_in_its_shortest_form_is_refused(path):
    assert rules(file(path)) == ["extra-user-data-path-form"]


ALL = [
    Settings(),
    Settings(fabric=Fabric.SWITCH),
    Settings(kubernetes=Kubernetes.KUBEADM),
]


def test_no_file_of_podnet_can_be_written():
    """Neither those of the user data, nor those of any release, nor what these write."""
    own = {PACK, "/etc/cni/net.d/10-mynet.conflist", "/var/lib/cni", "/etc/kubernetes/admin.conf"}
    for settings in ALL:
        own |= contents(settings, "dev").keys()
        for name in release.files(settings):
            own |= {f"/usr/local/lib/podnet/{name}", f"/usr/local/lib/podnet-0123456789ab/{name}"}
            if name.startswith("etc/"):
                own.add(f"/{name}")
    own |= {"/run/podnet-update/problem", "/var/lib/podnet/address", "/etc/podnet"}
    own |= {"/proc/self/root/etc/cni/net.d/a", "/var/run/podnet-notes/x"}

    accepted = [path for path in sorted(own) if rules(file(path)) != ["extra-user-data-path"]]

    assert accepted == []


@pytest.mark.parametrize(
    "path", ["/etc/cnid", "/etc/kubernetes.d/x", "/etc/systemd/system/a.service"]
)
def test_a_path_that_only_looks_like_one_of_podnet_is_accepted(path):
    assert rules(file(path)) == []


@pytest.mark.parametrize(
    "extra",
    [{"runcmd": ["echo \0"]}, file("/a", content="\ud800"), {"ntp": {"servers": ["\udfff"]}}],
    ids=["NUL", "in a file", "deep"],
)
def test_characters_that_would_cost_the_whole_user_data_are_refused(extra):
    assert rules(extra) == ["extra-user-data-characters"]


@pytest.mark.parametrize(
    ("users", "keys", "found"),
    [
        (["ops"], True, ["extra-user-data-users"]),
        ([{"name": "ops"}], True, ["extra-user-data-users"]),
        ([], True, ["extra-user-data-users"]),
        (["default", "ops"], True, []),
        (["ops"], False, []),
    ],
)
def test_users_without_the_one_who_gets_the_keys_are_refused(users, keys, found):
    given = {"podnet:sshKeys": json.dumps([KEY])} if keys else {}

    assert rules({"users": users}, **given) == found
