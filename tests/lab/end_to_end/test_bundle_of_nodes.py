"""`podnet debug bundle --live --nodes-by ssm` on bare nodes, as anybody with an account runs it."""

import json
import tarfile

import pytest

from podnet.plan.node_network import CONFLIST
from tests.lab.end_to_end.test_reports import as_account, missing
from tests.unit.bundle.planted import SECRETS, pieces

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab(make_lab):
    lab = make_lab()
    lab.stack.save({"podnet:sessionManager": "true"})
    lab.up(nodeCount=2)
    return lab


@pytest.fixture
def bundle(lab, tmp_path, monkeypatch):
    """The files of a bundle by name, and its manifest."""
    as_account(lab, monkeypatch)

    def write():
        file = tmp_path / "bundle.tar.gz"
        live = ("--live", "--nodes-by", "ssm", "--region", lab.stack.region)
        lab.podnet("debug", "bundle", "-o", str(file), *live)
        with tarfile.open(file) as tar:
            found = {
                entry.name.partition("/")[2]: tar.extractfile(entry).read().decode()
                for entry in tar.getmembers()
            }
        return found, json.loads(found["MANIFEST.json"])

    return write


def test_every_node_shows_what_it_has(lab, bundle):
    files, manifest = bundle()

    for node in lab.nodes:
        folder = f"nodes/{node.name}"
        assert json.loads(files[f"{folder}/agent-state.json"])["ready"] is True
        assert "table inet podnet" in files[f"{folder}/nft.txt"]
        assert "podnet-agent" in files[f"{folder}/journal.txt"]
        assert json.loads(files[f"{folder}/{CONFLIST}"])["plugins"]
        assert {"10.1.1.0/24", "10.1.2.0/24"} & {
            route["dst"] for route in json.loads(files[f"{folder}/routes.json"])
        }
        # No link of the lab has Amazon's driver.
        assert "no link has the driver ena" in missing(manifest)[f"{folder}/allowances.json"]
        assert not list((node.root / "run").glob("podnet-bundle*"))
    assert json.loads(files["proof.json"])["holds"] is True


def test_no_secret_is_in_it_and_a_long_journal_is_cut(lab, bundle):
    node = lab.node("node-1")
    everything = "\n".join(SECRETS.values())
    env = node.root / "etc/podnet/node.env"
    before = env.read_text()
    env.write_text(f"{before}\n# {everything}\n")
    unit = "--unit=podnet-planted"
    # Hardly shorter when compressed, so that it is more than fits; the secrets come after it.
    noise = "head -c 60000 /dev/urandom | base64; echo token=planted-in-the-journal"
    node.run("systemd-run", "--wait", unit, "sh", "-c", noise, timeout=60)
    node.run("systemd-run", "--wait", "--pipe", unit, "systemd-cat", "cat", stdin=everything)
    try:
        files, manifest = bundle()
    finally:
        env.write_text(before)

    hidden = ["planted-in-the-journal", *(p for each in SECRETS.values() for p in pieces(each))]
    found = {(name, secret) for name, text in files.items() for secret in hidden if secret in text}
    assert found == set()
    assert "[removed: " in files["nodes/node-1/node.env"]
    assert "token=[removed: " in files["nodes/node-1/journal.txt"]
    assert "lines are cut" in missing(manifest)["nodes/node-1/journal.txt"]


def test_a_node_that_does_not_answer_is_a_line_in_the_index(lab, bundle):
    node = lab.node("node-2")
    node.run("sh", "-c", "printf '#!/bin/sh\\nexit 3\\n' >/usr/local/bin/python3")
    node.run("chmod", "+x", "/usr/local/bin/python3")
    try:
        files, manifest = bundle()
    finally:
        node.run("rm", "/usr/local/bin/python3")

    assert "its command ended as Failed" in missing(manifest)["nodes/node-2"]
    assert "nodes/node-1/nft.txt" in files
    assert not [
        name for name in files if name.startswith("nodes/node-2/") and "console" not in name
    ]
