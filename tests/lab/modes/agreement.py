"""Compares what the verifier says of every pair with what the lab's packets show."""

from contextlib import ExitStack

from podnet.lab.cloud import lifecycle
from podnet.lab.stack.paper import prove_stack
from podnet.probe import Check
from podnet.verify.walk import Kind
from tests.lab.modes.checks import followed
from tests.lab.modes.faults import Vpc

PROTOCOLS = {"tcp": Check.TCP, "udp": Check.UDP}


def switch(lab, mode):
    """Switch the lab to a mode, and wait until it is applied."""
    lab.podnet("switch", mode, "--yes", "--engine", "embedded")
    lab.wait_until_applied()


def compare(lab, faults):
    """Break the VPC with what this makes of it, and mend it again.

    Returns the proof and, as (from, to, protocol), what fails on paper and with packets.
    """
    with ExitStack() as broken:
        for fault in faults(Vpc(lab)):
            broken.enter_context(fault)
        _applied(lab)
        proof = prove_stack(lab.stack)
        matrix = lab.matrix()
    _applied(lab)
    return proof, on_paper(lab, proof), with_packets(matrix)


def _applied(lab):
    lifecycle.wait_until_applied(lab.home)
    followed(lab)


def on_paper(lab, proof):
    """What fails by TCP and UDP between the lab's pods, its nodes and the internet."""
    return {
        (one, other, protocol)
        for verdict in proof.failed
        for source in verdict.source.members
        for target in verdict.target.members
        for protocol in verdict.protocols
        if source.eni != target.eni
        and protocol in PROTOCOLS
        and (target.kind is not Kind.INTERNET or protocol == "tcp")
        for one in names(lab, source)
        for other in names(lab, target)
    }


def names(lab, end):
    """What the matrix calls an end: a pod block, or a part of one, has the pods in it."""
    if end.kind is not Kind.PODS:
        return [end.name]
    return [pod.name for pod in lab.pods if pod.address in end.network]


def with_packets(matrix):
    """The same of what the probe saw."""
    checks = {check: name for name, check in PROTOCOLS.items()} | {Check.INTERNET: "tcp"}
    return {
        (result.source, result.target, checks[result.check])
        for result in matrix.failed
        if result.check in checks
    }
