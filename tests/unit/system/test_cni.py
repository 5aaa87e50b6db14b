"""The chain of plugins as libcni runs it, with plugins that only write down what they got."""

import json
import subprocess
from shlex import quote

import pytest

from podnet.system.cni import (
    Attachment,
    CniError,
    Network,
    Outcome,
    Plugins,
    cached_config,
    load,
)
from tests.refusals import refused

CALL, PART = "\035", "\036"
RECORDER = f"""#!/bin/sh
printf '%s{PART}%s{PART}%s{CALL}' "${{0##*/}}" "$(env | grep ^CNI_)" "$(cat)" >>"${{0%/*}}/log"
if [ -e "$0.$CNI_COMMAND" ]; then
    . "$0.$CNI_COMMAND"
elif [ "$CNI_COMMAND" = ADD ]; then
    echo '{{"cniVersion": "1.0.0", "by": "'"${{0##*/}}"'"}}'
fi
"""
WEB = Attachment(
    container_id="web-1", netns="/run/netns/web", args={"IgnoreUnknown": "1", "K8S_POD_NAME": "web"}
)


def execute(program, env, stdin):
    done = subprocess.run(
        [program], env=env, input=stdin, capture_output=True, text=True, check=False
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def plugins(tmp_path):
    for name in ("one", "two", "three"):
        (tmp_path / name).write_text(RECORDER)
        (tmp_path / name).chmod(0o755)
    return Plugins(
        directory=str(tmp_path), host_path=tmp_path, cache=tmp_path / "cache", execute=execute
    )


def network(plugins, *kinds, version="1.0.0"):
    return Network(
        {
            "cniVersion": version,
            "name": "mynet",
            "plugins": [kind if isinstance(kind, dict) else {"type": kind} for kind in kinds],
        },
        plugins,
    )


def answer(plugins, call, code, stdout="", stderr=""):
    """What a plugin says instead; `call` is like `one.ADD`."""
    (plugins.host_path / call).write_text(
        f"printf %s {quote(stdout)}\nprintf %s {quote(stderr)} >&2\nexit {code}\n"
    )


def log(plugins):
    """Name, environment and configuration of every call."""
    found = []
    for call in (plugins.host_path / "log").read_text().split(CALL)[:-1]:
        name, env, config = call.split(PART)
        found.append(
            (name, dict(line.split("=", 1) for line in env.splitlines()), json.loads(config))
        )
    return found


def calls(plugins):
    return [(name, env["CNI_COMMAND"]) for name, env, _ in log(plugins)]


def test_add_hands_the_result_of_each_plugin_to_the_next(plugins):
    result = network(plugins, {"type": "one", "mtu": 8951}, "two", "three").add(WEB)

    assert result == {"cniVersion": "1.0.0", "by": "three"}
    assert [config for _, _, config in log(plugins)] == [
        {"type": "one", "mtu": 8951, "name": "mynet", "cniVersion": "1.0.0"},
        {
            "type": "two",
            "name": "mynet",
            "cniVersion": "1.0.0",
            "prevResult": {"cniVersion": "1.0.0", "by": "one"},
        },
        {
            "type": "three",
            "name": "mynet",
            "cniVersion": "1.0.0",
            "prevResult": {"cniVersion": "1.0.0", "by": "two"},
        },
    ]


def test_a_plugin_gets_the_environment_of_the_specification(plugins):
    network(plugins, "one").add(WEB)

    assert log(plugins)[0][1] == {
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "web-1",
        "CNI_NETNS": "/run/netns/web",
        "CNI_IFNAME": "eth0",
        "CNI_PATH": plugins.directory,
        "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAME=web",
    }


def test_del_goes_backwards_and_every_plugin_gets_the_result_of_the_whole_add(plugins):
    net = network(plugins, "one", "two")
    net.add(WEB)
    net.delete(WEB)

    assert calls(plugins) == [("one", "ADD"), ("two", "ADD"), ("two", "DEL"), ("one", "DEL")]
    assert [
        config["prevResult"] for _, env, config in log(plugins) if env["CNI_COMMAND"] == "DEL"
    ] == [{"cniVersion": "1.0.0", "by": "two"}] * 2


def test_del_before_version_0_4_0_gets_no_result(plugins):
    net = network(plugins, "one", version="0.3.1")
    net.add(WEB)
    net.delete(WEB)

    assert "prevResult" not in log(plugins)[1][2]


def test_the_result_is_cached_until_del_is_done(plugins):
    net = network(plugins, "one")
    net.add(WEB)
    [file] = plugins.cache.iterdir()
    cached = json.loads(file.read_text())
    config = cached_config(plugins.cache, WEB)
    net.delete(WEB)

    assert file.name == "mynet-web-1-eth0"
    assert {key: cached[key] for key in cached if key != "config"} == {
        "kind": "cniCacheV1",
        "containerId": "web-1",
        "ifName": "eth0",
        "networkName": "mynet",
        "cniArgs": [["IgnoreUnknown", "1"], ["K8S_POD_NAME", "web"]],
        "capabilityArgs": {},
        "result": {"cniVersion": "1.0.0", "by": "one"},
    }
    assert config == net.config
    assert list(plugins.cache.iterdir()) == []
    assert cached_config(plugins.cache, WEB) is None


def test_a_refused_del_keeps_the_cache_for_the_next_try(plugins):
    net = network(plugins, "one")
    net.add(WEB)
    answer(plugins, "one.DEL", 1, '{"code": 11, "msg": "try again later"}')
    with refused("cni-plugin-refused", CniError):
        net.delete(WEB)
    (plugins.host_path / "one.DEL").unlink()
    net.delete(WEB)

    assert log(plugins)[-1][2]["prevResult"] == {"cniVersion": "1.0.0", "by": "one"}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"portMappings": True}, {"portMappings": [{"hostPort": 80}]}),
        ({"portMappings": False, "mac": True}, None),
        ({}, None),
    ],
    ids=["declared", "switched off, or not offered", "not declared"],
)
def test_a_plugin_gets_the_capabilities_it_declares(plugins, declared, expected):
    web = Attachment(
        container_id="web-1",
        netns="/run/netns/web",
        capabilities={"portMappings": [{"hostPort": 80}], "bandwidth": {}},
    )
    network(plugins, {"type": "one", "capabilities": declared}).add(web)

    assert log(plugins)[0][2].get("runtimeConfig") == expected


def test_a_failed_add_is_undone_through_the_whole_chain(plugins):
    answer(plugins, "two.ADD", 1, '{"code": 7, "msg": "bad config", "details": "no mtu"}', "noise")

    with refused("cni-plugin-refused", CniError) as caught:
        network(plugins, "one", "two", "three").add(WEB)
    assert caught.value.code == 7
    assert str(caught.value).endswith("bad config (no mtu)")
    assert calls(plugins) == [
        ("one", "ADD"),
        ("two", "ADD"),
        ("three", "DEL"),
        ("two", "DEL"),
        ("one", "DEL"),
    ]
    assert all(
        "prevResult" not in config for _, env, config in log(plugins) if env["CNI_COMMAND"] == "DEL"
    )
    assert not plugins.cache.exists()


def test_a_failure_to_undo_is_reported_beside_the_first_one(plugins):
    answer(plugins, "one.ADD", 1, '{"code": 7, "msg": "bad config"}')
    answer(plugins, "one.DEL", 1, '{"code": 8, "msg": "stuck"}')

    with refused("cni-not-undone", CniError) as caught:
        network(plugins, "one").add(WEB)
    assert caught.value.code == 7
    assert [text in str(caught.value) for text in ("bad config", "stuck")] == [True, True]


def test_a_plugin_that_dies_without_json_is_quoted(plugins):
    answer(plugins, "one.ADD", 134, "", "panic: oh no")

    with refused("cni-plugin-crashed", CniError) as caught:
        network(plugins, "one").add(WEB)
    assert str(caught.value).endswith("134: panic: oh no")


def test_an_add_without_a_result_is_an_error_and_undone(plugins):
    answer(plugins, "one.ADD", 0, "")

    with refused("cni-result-missing", CniError):
        network(plugins, "one").add(WEB)
    assert calls(plugins) == [("one", "ADD"), ("one", "DEL")]


def test_a_missing_plugin_is_named_with_its_directory(plugins):
    with refused("cni-plugin-missing", CniError) as caught:
        network(plugins, "one", "four").check()
    assert f"plugin four of network mynet is not in {plugins.directory}" in str(caught.value)


def test_the_first_conflist_by_name_is_the_one(tmp_path):
    for name in ("20-b", "10-a"):
        (tmp_path / f"{name}.conflist").write_text(
            json.dumps({"cniVersion": "1.0.0", "name": name, "plugins": [{"type": "bridge"}]})
        )

    assert load(tmp_path, "node-1")["name"] == "10-a"


GOOD = {"cniVersion": "1.0.0", "name": "mynet", "plugins": [{"type": "bridge"}]}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{", "conflist-not-json"),
        ("[]", "conflist-not-object"),
        (json.dumps(GOOD | {"name": ""}), "conflist-key-missing"),
        (json.dumps(GOOD | {"cniVersion": None}), "conflist-key-missing"),
        (json.dumps(GOOD | {"cniVersion": "one"}), "conflist-version"),
        (json.dumps(GOOD | {"plugins": []}), "conflist-plugins-missing"),
        (json.dumps(GOOD | {"plugins": [{}]}), "conflist-plugin-type"),
        (
            json.dumps(GOOD | {"plugins": [{"type": "a"}, {"type": "../sh"}]}),
            "conflist-plugin-type",
        ),
    ],
    ids=["broken", "list", "name", "no version", "bad version", "empty", "no type", "path"],
)
def test_a_bad_conflist_is_refused_with_the_node_and_the_reason(tmp_path, text, rule):
    (tmp_path / "10-mynet.conflist").write_text(text)

    with refused(rule) as caught:
        load(tmp_path, "node-1")
    assert str(caught.value).startswith("10-mynet.conflist of node-1 ")


def test_a_node_without_a_conflist_is_named(tmp_path):
    with refused("conflist-missing") as caught:
        load(tmp_path / "none", "node-1")
    assert str(caught.value).startswith("node-1 ")
