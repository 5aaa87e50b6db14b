"""What `podnet verify` prints."""

import io

from rich.console import Console

from podnet.cli.proof_table import ProofTable
from podnet.verify.proof import prove
from tests.unit.verify.broken import Paper


def shown(proof):
    console = Console(file=io.StringIO(), width=120, color_system=None)
    console.print(ProofTable(proof))
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def test_a_whole_vpc_is_proved():
    text = shown(Paper.of(node_count=3).prove("node-1", "node-2", "node-3"))

    assert text.splitlines()[-1] == (
        "proved on paper: every pair, over TCP, UDP and ICMP, there and back"
    )
    assert "pods   pods          18      0" in text


def test_a_failure_has_its_hops_its_cause_and_the_way_out():
    text = shown(Paper.of(node_count=2).route("10.1.2.0/24", "eni-gone").prove())

    assert "pods of node-1 to pods of node-2\n" in text
    assert "  route table a: routes 10.1.2.0/24 to eni-gone\n" in text
    assert "  dropped: route table a: its route for 10.1.2.0/24 leads to eni-gone" in text
    assert "  way out: run `pulumi up --refresh`, or delete the route\n" in text
    assert text.splitlines()[-1].startswith("not proved: ")


def test_an_answer_that_is_dropped_is_called_so():
    text = shown(Paper.of(node_count=2).route("10.1.2.0/24", "eni-gone").prove())

    assert "the answer is dropped: route table a" in text


def test_a_node_that_is_missing_is_named():
    text = shown(Paper.of(node_count=2).prove("node-1", "node-2", "node-3"))

    assert text.splitlines()[-1] == "not proved: node-3 must exist and does not"


def test_what_is_not_modelled_is_named_and_proves_nothing():
    paper = Paper.of(node_count=2)
    proof = prove(paper.cloud, paper.nodes, (), ["peering pcx-1"])

    assert not proof.holds
    assert proof.to_json()["unmodelled"] == ["peering pcx-1"]
    assert shown(proof).splitlines()[-2:] == [
        "not modelled: peering pcx-1",
        "not proved: what is not modelled may treat packets otherwise",
    ]


def test_what_is_not_modelled_and_meets_no_packet_is_named_beside_the_proof():
    lines = shown(Paper.of(node_count=2).doubted().prove()).splitlines()

    assert lines[-2] == "not proved: odd-1 is odd; no packet above meets it"
    assert lines[-1].startswith("proved on paper")


def test_what_is_not_modelled_and_decides_is_no_drop():
    text = shown(Paper.of(node_count=2).doubted("the internet gateway").prove())

    assert "  nobody knows: the internet gateway: odd-1 is odd, which is not modelled\n" in text
    assert text.splitlines()[-1].startswith("not proved: ")
