"""The way of packets between two ends that a user names, both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from podnet.errors import UserError
from podnet.verify.classes import EndClass
from podnet.verify.node import Node
from podnet.verify.packet import single
from podnet.verify.proof import Verdict
from podnet.verify.subject import Subject
from podnet.verify.walk import INTERNET, End, Kind, Walk

Names = Callable[[], Mapping[str, IPv4Address]]
"""Asks for the addresses of pods by name, where somebody knows them."""


def trace(
    subject: Subject, source: End, target: End, protocol: str, port: int | None = None
) -> tuple[Verdict, ...]:
    """What becomes of packets from one end to the other, with their answer, and of those back.

    Packets that the internet begins are not walked. Raises `UserError` for one end given twice.
    """
    if source.network == target.network:
        raise UserError(
            f"{source.name} and {target.name} are one end, whose packets never leave it; "
            "name two ends",
            rule="ends-the-same",
        )
    if source.kind is Kind.INTERNET:
        raise UserError(
            f"packets that {source.name} begins are not followed: what podnet promises begins at "
            f"nodes and pods; trace {target.name} {source.name} shows the way back as the answer",
            rule="end-outside-begins",
        )
    if cni := _carrier(subject, (source, target)):
        raise UserError(
            f"packets from and to pods are carried by {cni}, which podnet does not know from "
            "within; `podnet matrix` sends packets",
            rule="trace-left-to-cni",
        )
    walk = Walk(subject.cloud, subject.nodes)
    ways = [(source, target)]
    if target.kind is not Kind.INTERNET:
        ways.append((target, source))
    return tuple(
        Verdict(
            source=EndClass((one,)),
            target=EndClass((other,)),
            protocols=(protocol,),
            pair=(one, other),
            path=walk.path(one, other, protocol, port),
            pairs=1,
        )
        for one, other in ways
    )


def _carrier(subject: Subject, ends: tuple[End, End]) -> str:
    """The CNI that carries pods of one of these ends in place of podnet; empty where none does."""
    by_eni = {node.eni.id: node.routing.cni for node in subject.nodes}
    pods = (one.eni for one in ends if one.kind is Kind.PODS)
    return next((by_eni[eni.id] for eni in pods if eni and by_eni.get(eni.id)), "")


def end(subject: Subject, text: str, pods: Names) -> End:
    """The end that a user names: a node, an address, an interface, `internet` or a pod.

    `pods` is asked last. Raises `UserError` for what is none of them.
    """
    for node in subject.nodes:
        if node.name == text:
            return _of_node(node)
    if text == Kind.INTERNET:
        return End(Kind.INTERNET, text, INTERNET, None)
    if eni := subject.cloud.enis.get(text):
        return _at(subject, eni.address)
    try:
        address = ip_address(text)
    except ValueError:
        return _pod(subject, text, pods())
    if isinstance(address, IPv6Address):
        raise UserError(
            f"{text} is an IPv6 address, and podnet proves IPv4 alone; name the IPv4 address",
            rule="end-of-ipv6",
        )
    return _at(subject, address)


def _pod(subject: Subject, text: str, pods: Mapping[str, IPv4Address]) -> End:
    if text in pods:
        at = _at(subject, pods[text])
        return End(at.kind, text, at.network, at.eni)
    known = ", ".join([*(node.name for node in subject.nodes), *pods, Kind.INTERNET])
    hint = "" if pods else "; a pod is named by its address here"
    raise UserError(
        f"{text} is no node and no pod of stack {subject.identity}; known: {known}, and each "
        f"address or interface of {subject.vpc.id}{hint}",
        rule="end-unknown",
    )


def _of_node(node: Node) -> End:
    return End(Kind.NODE, node.name, node.own, node.eni)


def _at(subject: Subject, address: IPv4Address) -> End:
    """What has an address."""
    for node in subject.nodes:
        if address == node.eni.address:
            return _of_node(node)
        if address in node.block:
            return End(Kind.PODS, f"{address} on {node.name}", single(address), node.eni)
    for eni in subject.cloud.enis.values():
        if address == eni.address:
            return End(Kind.HOST, eni.id, single(address), eni)
    own = [*subject.vpc.cidrs, *{node.plan.pods for node in subject.nodes}]
    for each in own:
        if address in each:
            raise UserError(
                f"nothing of stack {subject.identity} has the address {address} in {each}: no "
                "interface, and no node whose block it is in; see `podnet verify` for nodes that "
                "are missing",
                rule="end-without-holder",
            )
    return End(Kind.INTERNET, str(address), single(address), None)
