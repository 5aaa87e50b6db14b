"""The way of a packet from one end to another and of what answers it, over nodes and VPC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network

from podnet.plan.node_network import OVERHEAD, VPC_MTU
from podnet.verify.node import Local, Node, Nowhere, Tunnel, Wire
from podnet.verify.packet import Cause, Drop, DroppedError, Hop, Packet, Way, host, single
from podnet.verify.vpc import Cloud
from podnet.world.model import Eni

INTERNET = IPv4Network("203.0.113.0/24")
"""Stands for all hosts on the internet (RFC 5737)."""


class Kind(StrEnum):
    """What an end is."""

    PODS = "pods"
    NODE = "node"
    HOST = "host"
    """An interface of the VPC that is no node's."""
    INTERNET = "internet"


@dataclass(frozen=True, slots=True)
class End:
    """Where packets begin or end."""

    kind: Kind
    name: str
    network: IPv4Network
    eni: Eni | None
    """The interface of the node or host; None for the internet."""

    def __str__(self) -> str:
        return f"pods of {self.name}" if self.kind is Kind.PODS else self.name


@dataclass(frozen=True, slots=True)
class Path:
    """The way of a packet, and what became of it."""

    hops: tuple[Hop, ...]
    drop: Drop | None
    seen: IPv4Network | None
    """The source that the receiver sees; None where nothing arrives."""
    mtu: int
    reply: Path | None = None
    """The way of what answers it; None where nothing arrives, and for the internet."""

    @property
    def failure(self) -> Drop | None:
        """What drops the packet, or what answers it."""
        return self.drop or (self.reply.drop if self.reply else None)


class Walk:
    """Walks packets through one VPC and its nodes."""

    def __init__(self, cloud: Cloud, nodes: Iterable[Node]) -> None:
        self.cloud = cloud
        self.nodes = {node.eni.id: node for node in nodes}

    def path(self, source: End, target: End, protocol: str, port: int | None = None) -> Path:
        """The way of packets of one protocol, there and back."""
        packet = Packet(source.network, target.network, protocol, port)
        way = Way()
        forth = self._walk(source, target, packet, way)
        if forth.drop or forth.seen is None or target.kind is Kind.INTERNET:
            return forth
        back = Way(is_reply=True, tracked=frozenset(way.passed))
        reply = self._walk(target, source, packet.reply(forth.seen), back)
        return Path(forth.hops, None, forth.seen, min(way.mtu, back.mtu), reply)

    def _walk(self, source: End, target: End, packet: Packet, way: Way) -> Path:
        try:
            seen = self._from(source, target, packet, way)
        except DroppedError as dropped:
            return Path(tuple(way.hops), dropped.drop, None, way.mtu)
        return Path(tuple(way.hops), None, seen, way.mtu)

    def _from(self, source: End, target: End, packet: Packet, way: Way) -> IPv4Network:
        """Walk from an end; the source address that the receiver sees."""
        eni = source.eni
        if eni is None:
            raise ValueError("packets of the internet are not walked")
        if Kind.PODS in (source.kind, target.kind):
            way.limit(VPC_MTU - OVERHEAD)
        if node := self.nodes.get(eni.id):
            return self._forward(node, packet, way, set())
        receiver = self.cloud.carry(eni, packet, way, source.name)
        return self._arrive(receiver, packet, way, set())

    def _forward(
        self, node: Node, packet: Packet, way: Way, visited: set[tuple[str, Packet]]
    ) -> IPv4Network:
        if (node.name, packet) in visited:
            raise DroppedError(
                Cause.LOOP,
                node.name,
                f"{packet} comes back to it until its time to live ends",
                "let the route lead to the interface of the node that has the block",
            )
        visited.add((node.name, packet))
        match node.forward(packet, is_reply=way.is_reply):
            case Local():
                way.note(node.name, f"delivers to {host(packet.destination)}")
                return packet.source
            case Nowhere(reason):
                raise DroppedError(Cause.NOT_FORWARDED, node.name, reason, "it is meant to be so")
            case Tunnel() as step:
                return self._through(node, step, packet, way, visited)
            case Wire(sent, via):
                if sent.source != packet.source:
                    way.note(node.name, f"masquerades as {host(sent.source)}")
                if via is None:
                    receiver = self.cloud.carry(node.eni, sent, way, node.name)
                else:
                    receiver = self.cloud.hand_over(node.eni, via, sent, way, node.name)
                return self._arrive(receiver, sent, way, visited)

    def _through(
        self,
        node: Node,
        step: Tunnel,
        packet: Packet,
        way: Way,
        visited: set[tuple[str, Packet]],
    ) -> IPv4Network:
        way.note(node.name, f"wraps it in {step} to {step.peer}")
        outer = step.outer(node.own)
        receiver = self.cloud.carry(node.eni, outer, way, node.name, bare=False)
        way.limit(VPC_MTU - OVERHEAD)
        peer = self.nodes.get(receiver.id) if receiver else None
        if peer is None:
            raise DroppedError(
                Cause.NO_PEER,
                str(step.peer),
                "is the address of no node, and unwraps nothing",
                "free the address: the node range is for nodes alone",
            )
        if not peer.listens(step):
            at = "" if step.port is None else f" at port {step.port}"
            raise DroppedError(
                Cause.NO_DEVICE,
                peer.name,
                f"has no device for {step}{at}",
                "deploy again, so that all nodes have the same `vni` and `vxlanPort`",
            )
        way.note(peer.name, "unwraps it")
        return self._forward(peer, packet, way, visited)

    def _arrive(
        self, receiver: Eni | None, packet: Packet, way: Way, visited: set[tuple[str, Packet]]
    ) -> IPv4Network:
        if receiver is None:
            way.note("internet", "receives it")
            return packet.source
        if node := self.nodes.get(receiver.id):
            return self._forward(node, packet, way, visited)
        if packet.destination == single(receiver.address):
            way.note(receiver.id, "receives it")
            return packet.source
        raise DroppedError(
            Cause.NOT_FORWARDED,
            receiver.id,
            f"is no node, and forwards nothing to {host(packet.destination)}",
            "let the route lead to the interface of the node that has the block",
        )
