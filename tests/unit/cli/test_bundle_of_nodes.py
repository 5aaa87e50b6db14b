"""The nodes of an account in a bundle: what becomes of each answer, and of a node without one."""

import base64
import json
import lzma
import tarfile

import pytest

from docs.command_statements import BUNDLE
from podnet.account import run_command
from podnet.account.session import client
from podnet.cli.bundle import live, nodes
from podnet.cli.bundle.on_node import JOURNAL, collect, pack
from podnet.cli.bundle.write import Wanted
from tests.unit.account.conftest import REGION, account, dev, moto
from tests.unit.account.systems_manager import FakeSsm
from tests.unit.cli.shown_by_a_node import commands, root

__all__ = ["account", "dev", "moto", "root"]


class AskedSsm(FakeSsm):
    """Systems Manager on whose instances nodes print this."""

    def __init__(self, ids, outputs):
        super().__init__(ids)
        self.outputs = outputs

    def send_command(self, DocumentName, InstanceIds, TimeoutSeconds, Parameters):  # noqa: N803
        assert (DocumentName in self.documents, Parameters) == (True, {"Seconds": ["120"]})
        assert TimeoutSeconds >= 30
        self.sent.append(("collect", InstanceIds, ""))
        return {"Command": {"CommandId": str(len(self.sent) - 1)}}

    def _outcome(self, _command_id, instance_id):
        given = self.outputs[self.nodes[instance_id]]
        if isinstance(given, dict):
            return given
        return {"Status": "Success", "StandardOutputContent": given}


@pytest.fixture
def bundle(dev, monkeypatch, tmp_path):
    """Writes a bundle of the account; the files in it, and its manifest."""
    monkeypatch.setattr(run_command, "POLL", 0.001)

    def write(ssm, **options):
        made = {"ssm": lambda: ssm, "ec2": lambda: client("ec2", REGION)}
        monkeypatch.setattr(live, "client", lambda service, _region: made[service]())
        file = tmp_path / "bundle.tar.gz"
        live.write(
            None, None, REGION, Wanted(output=file, nodes_by_ssm=True, **options), lambda _: None
        )
        with tarfile.open(file) as tar:
            found = {
                entry.name.partition("/")[2]: tar.extractfile(entry).read().decode()
                for entry in tar.getmembers()
            }
        return found, json.loads(found["MANIFEST.json"])

    return write


def missing(manifest):
    return {each["name"]: each["why"] for each in manifest["missing"]}


TIMED_OUT = {"Status": "TimedOut", "StatusDetails": "Execution Timed Out"}


def test_a_silent_node_is_a_line_in_the_index_and_the_others_are_there(dev, bundle, root):
    printed = pack(collect(root, commands()))
    ssm = AskedSsm(dev.nodes, {"node-1": printed, "node-2": TIMED_OUT, "node-3": printed[:-50]})
    files, manifest = bundle(ssm)

    assert "what nft prints" in files["nodes/node-1/nft.txt"]
    assert files["nodes/node-1/10-podnet.conflist"]
    lacking = missing(manifest)
    assert lacking["nodes/node-2"] == "its command timed out after 120 s (Execution Timed Out)"
    assert lacking["nodes/node-3"].startswith("its command answered oddly")
    assert "cannot run" in lacking["nodes/node-1/fdb.json"]
    for name in ("node-2", "node-3"):
        assert [each for each in files if each.startswith(f"nodes/{name}/")] == [
            f"nodes/{name}/console.txt"
        ]
    whats = {each["name"]: each["what"] for each in manifest["files"]}
    assert whats["nodes/node-1/10-podnet.conflist"] == "a CNI configuration"
    assert manifest["removed"]["named value"] >= 2


def test_nodes_that_are_stopped_or_have_no_agent_are_sent_nothing(dev, bundle, root):
    dev.ec2.stop_instances(InstanceIds=[dev.nodes["node-3"]])
    ssm = AskedSsm(dev.nodes, {"node-1": pack(collect(root, commands()))})
    del ssm.pings[dev.nodes["node-2"]]
    files, manifest = bundle(ssm)

    assert missing(manifest)["nodes/node-3"] == "it is stopped"
    assert "no SSM agent of node-2" in missing(manifest)["nodes/node-2"]
    assert [instances for _, instances, _ in ssm.sent] == [[dev.nodes["node-1"]]]
    assert "nodes/node-1/nft.txt" in files


def test_a_permission_that_is_missing_is_named_for_each_node_and_the_rest_is_there(dev, bundle):
    class Denied(AskedSsm):
        def send_command(self, **_):
            from botocore.exceptions import ClientError  # noqa: PLC0415  # not before moto

            error = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
            raise ClientError(error, "SendCommand")

    files, manifest = bundle(Denied(dev.nodes, {}))

    for name in dev.nodes:
        assert "the permission ssm:SendCommand is missing" in missing(manifest)[f"nodes/{name}"]
        assert "docs/iam/bundle.json" in missing(manifest)[f"nodes/{name}"]
    assert json.loads(files["proof.json"])["holds"]


def test_secrets_that_only_the_environment_knows_are_removed_here(dev, bundle, root, monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", hidden := "xyzzy of the environment")
    printed = pack(collect(root, commands(f"deployed with {hidden}\n")))
    assert hidden in nodes.unpack(printed)["files"][JOURNAL]

    files, _ = bundle(AskedSsm(dev.nodes, dict.fromkeys(dev.nodes, printed)))

    assert files[f"nodes/node-1/{JOURNAL}"] == "deployed with [removed: secret of the stack]\n"
    assert not [name for name, text in files.items() if hidden in text]


def odd(value):
    return base64.b64encode(lzma.compress(json.dumps(value).encode())).decode()


EMPTY = {"files": {}, "missing": {}, "removed": {}}
ODD = {
    "nothing": "",
    "text": "Traceback (most recent call last)",
    "no JSON": base64.b64encode(lzma.compress(b"x")).decode(),
    "another value": odd([1]),
    "files that are none": odd(EMPTY | {"files": 5}),
    "a way out of the folder": odd(EMPTY | {"files": {"../../evil": "x"}}),
    "a way out in what is missing": odd(EMPTY | {"missing": {"/etc/x": "x"}}),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_what_no_collector_prints_is_refused(text):
    with pytest.raises(ValueError, match=r"is cut short, or not its own|is no name of a file"):
        nodes.unpack(text)


def test_an_answer_that_unpacks_to_more_than_it_may_is_refused(monkeypatch):
    monkeypatch.setattr(nodes, "MOST_BYTES", 10_000)
    text = odd(EMPTY | {"files": {"a": "x" * 20_000}})

    with pytest.raises(ValueError, match="is cut short"):
        nodes.unpack(text)


def test_counts_that_are_none_are_not_added(dev, bundle):
    text = odd(EMPTY | {"removed": {"a": -1, "b": "x", "c": 2}})
    _, manifest = bundle(AskedSsm(dev.nodes, dict.fromkeys(dev.nodes, text)))

    counts = {kind: manifest["removed"].get(kind) for kind in "abc"}
    assert counts == {"a": None, "b": None, "c": 2 * len(dev.nodes)}


def test_the_policy_allows_what_is_called_and_nothing_else(dev, bundle, root):
    called = {"ssm:DescribeInstanceInformation"}
    ssm = AskedSsm(dev.nodes, dict.fromkeys(dev.nodes, pack(collect(root, commands()))))

    class Recorded:
        def __getattr__(self, name):
            if name not in ("exceptions", "get_paginator"):
                called.add(f"ssm:{name.title().replace('_', '')}")
            return getattr(ssm, name)

    bundle(Recorded())
    allowed = {action for statement in BUNDLE for action in statement.actions}

    assert called == {action for action in allowed if action.startswith("ssm:")}
    assert "ec2:GetConsoleOutput" in allowed
