"""What runs on a node for a bundle: what it collects, what it cuts, and that no secret leaves."""

import base64
import json
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from podnet.cli.bundle import nodes, on_node
from podnet.cli.bundle.on_node import JOURNAL, MODULES, MOST, START, Collected, collect, pack
from podnet.probe.bundle import zipped
from tests.unit.account.test_run_command import DOCUMENT_LIMIT
from tests.unit.bundle.planted import NAMED, SECRETS, pieces
from tests.unit.cli.shown_by_a_node import commands, noise, root

__all__ = ["root"]


def test_a_node_shows_its_state_and_names_what_it_cannot(root):
    found = nodes.unpack(pack(collect(root, commands())))

    files = found["files"]
    assert json.loads(files["agent-state.json"])["ready"] is True
    assert json.loads(files["10-podnet.conflist"]) == {"name": "podnet"}
    assert json.loads(files["allowances.json"])["links"] == {
        "ens5": {"bw_in_allowance_exceeded": 7}
    }
    assert files["nft.txt"] == "what nft prints\n"
    assert files[JOURNAL] == "started\n"
    assert found["missing"]["fdb.json"].startswith("LookupError: `bridge` cannot run")
    assert "updater.txt" in found["missing"]
    assert "cloud-init.log" not in {*files, *found["missing"]}
    assert "planted" not in json.dumps(found)


def test_the_oldest_lines_of_the_journal_are_cut_first_and_said_so(root):
    lines = noise(3000)
    text = pack(collect(root, commands("\n".join(lines) + "\n")))

    found = nodes.unpack(text)
    kept = found["files"][JOURNAL].splitlines()
    assert MOST * 0.9 < len(text) <= MOST
    assert kept == lines[-len(kept) :]
    assert 100 < len(kept) < 3000
    assert found["missing"][JOURNAL].startswith(
        f"the first {3000 - len(kept)} of its last 3000 lines are cut"
    )
    assert found["files"]["nft.txt"]


def test_what_is_longest_is_left_out_where_the_journal_is_not_enough(root):
    def run(argv):
        return "\n".join(noise(3000)) if argv[0] == "nft" else commands()(argv)

    text = pack(collect(root, run))

    found = nodes.unpack(text)
    assert len(text) <= MOST
    assert "nft.txt" not in found["files"]
    assert "characters are left out" in found["missing"]["nft.txt"]
    assert found["files"]["routes.json"]


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.sampled_from(["a.txt", "b.txt", JOURNAL]), st.binary(max_size=40_000)))
def test_what_is_printed_always_fits_and_is_read_again(contents):
    found = Collected()
    for name, data in contents.items():
        found.files[name] = base64.b64encode(data).decode()

    text = pack(found)

    assert len(text) <= MOST
    parts = nodes.unpack(text)
    assert parts["files"] == found.files
    assert {*parts["files"], *parts["missing"]} >= {*contents}


def test_no_secret_leaves_the_node(root):
    everything = "\n".join(SECRETS.values())
    named = "\n".join(f'{name}: "{value}"' for name, value in NAMED.items())
    (root / "run/podnet-update").mkdir(parents=True)
    (root / "run/podnet-update/problem").write_text(everything)

    def run(argv):
        if argv[0] == "uname":
            raise LookupError(f"`uname` ended with 1: {SECRETS['AWS access key']}")
        return f"{everything}\n{named}\n"

    text = json.dumps(nodes.unpack(pack(collect(root, run)))).replace("\\n", "\n")

    hidden = [piece for secret in SECRETS.values() for piece in pieces(secret)]
    assert [each for each in (*hidden, *NAMED.values(), "planted-in-state") if each in text] == []
    assert text.count("[removed: ") > len(SECRETS)


def test_what_runs_on_a_node_needs_nothing_else_and_leaves_nothing(tmp_path):
    file = tmp_path / "collect.pyz"
    file.write_bytes(zipped(MODULES, START))
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(file)], capture_output=True, text=True, check=True
    )

    found = nodes.unpack(done.stdout)
    assert set(found["files"]) | set(found["missing"]) >= {"agent-state.json", "nft.txt", JOURNAL}
    assert len(set(MODULES)) == len(MODULES)


def test_the_script_of_the_document_runs_and_removes_its_folder(tmp_path):
    content = json.loads(nodes.document().content)
    script = "\n".join(content["mainSteps"][0]["inputs"]["runCommand"])
    done = subprocess.run(
        ["sh", "-c", script.replace("/run/", f"{tmp_path}/")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert nodes.unpack(done.stdout)["files"]
    assert list(tmp_path.iterdir()) == []
    assert len(nodes.document().content) < DOCUMENT_LIMIT
    assert set(content["parameters"]) == {"Seconds"}
    assert "{{" not in script


def test_a_link_on_the_node_is_not_followed(root):
    (root / "etc/cni/net.d/20-secret.conflist").symlink_to(Path("/etc/passwd"))

    found = nodes.unpack(pack(collect(root, commands())))

    assert "which is not followed" in found["missing"]["20-secret.conflist"]


def test_of_a_long_file_whole_lines_of_the_end_are_kept(root, monkeypatch):
    monkeypatch.setattr(on_node, "MOST_BYTES", 100)
    (root / "etc/podnet/node.env").write_text("".join(f"LINE_{number}=1\n" for number in range(99)))

    kept = nodes.unpack(pack(collect(root, commands())))["files"]["node.env"].splitlines()

    assert kept[-1] == "LINE_98=1"
    assert all(line.startswith("LINE_") for line in kept)
    assert len(kept) == 9
