"""What a proof says of pods that another CNI carries."""

import io

import pytest
from rich.console import Console

from podnet.cli.proof_table import ProofTable
from podnet.plan.cni import Cni
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.verify import planned
from podnet.verify.walk import Kind

EXTERNAL = Settings(routing=RoutingMode.EXTERNAL, cni=Cni.CALICO, node_count=3)


def shown(proof):
    console = Console(file=io.StringIO(), width=200)
    console.print(ProofTable(proof))
    return console.file.getvalue()


def test_packets_of_pods_are_named_as_left_and_none_counts_as_proved():
    proof = planned.proof(EXTERNAL)
    kinds = {end.kind for each in proof.verdicts for end in (each.source, each.target)}

    assert proof.left == ("packets from and to pods, which calico carries",)
    assert Kind.PODS not in kinds
    assert {*proof.sums()} == {("node", "node"), ("node", "internet")}
    assert proof.to_json()["left"] == [*proof.left]


def test_what_podnet_carries_between_nodes_is_still_proved():
    assert planned.proof(EXTERNAL).holds
    assert planned.proof(EXTERNAL).sums()["node", "node"] == (18, 0)


def test_the_table_says_it():
    text = shown(planned.proof(EXTERNAL))

    assert "not proved: packets from and to pods, which calico carries" in text
    assert "proved on paper: every pair that podnet carries" in text


@pytest.mark.parametrize(
    "mode", [RoutingMode.VPC_ROUTES, RoutingMode.OVERLAY, RoutingMode.FLANNEL], ids=str
)
def test_with_podnets_modes_and_flannel_nothing_is_left(mode):
    proof = planned.proof(Settings(routing=mode, node_count=3))

    assert proof.left == ()
    assert ("pods", "pods") in proof.sums()
    assert "every pair," in shown(proof)
