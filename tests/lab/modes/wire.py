"""What the fabric carries between nodes, seen on its side of their interfaces."""

import socket
import struct
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import NamedTuple

from podnet.lab.cloud.fabric import Fabric, names
from podnet.plan.routing import RoutingMode
from podnet.system.netns import inside

EVERY_PROTOCOL, IPV4 = 0x0003, 0x0800
SOL_PACKET, PACKET_STATISTICS = 263, 6
SO_RCVBUFFORCE = 33
OUTGOING = 4
HEADERS = 14 + 20 + 8 + 8 + 14 + 20
UDP, GRE = 17, 47
KEYED = 0x2000
"""Flags of GRE: a key, and neither checksum nor sequence number."""
PODS = IPv4Network("10.1.0.0/16")


class Packet(NamedTuple):
    source: IPv4Address
    target: IPv4Address
    next_hop: str
    """Address of the node that is to get it, `router`, or `another` for a MAC of neither."""


class Wire:
    """Records, while the block of a `with` runs, what nodes send; afterwards one asks it."""

    def __init__(self, lab, port=8472):
        self.lab = lab
        self.port = port
        self.native, self.wrapped, self.carriers = set(), set(), set()
        (vpc,) = {eni["VpcId"] for eni in self._enis()}
        self.netns = Path("/run/netns") / Fabric(lab.home).vpc_namespace(vpc)

    def __enter__(self):
        open_socket = partial(
            socket.socket, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL)
        )
        self.socket = inside(self.netns, open_socket)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 512 << 20)
        self.socket.settimeout(0)
        return self

    def __exit__(self, *_):
        macs = {eni["MacAddress"].lower(): eni["PrivateIpAddress"] for eni in self._enis()}
        macs |= {names.router_mac(eni["SubnetId"]): "router" for eni in self._enis()}
        ports = {names.port(eni["NetworkInterfaceId"]) for eni in self._enis()}
        with self.socket:
            try:
                while True:
                    data, (link, protocol, kind, *_) = self.socket.recvfrom(HEADERS)
                    if link in ports and kind != OUTGOING and protocol == IPV4:
                        self._note(data, macs)
            except BlockingIOError:
                pass
            answer = self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        _, missed = struct.unpack("=II", answer)
        assert missed == 0, "the capture missed packets, so it proves nothing"

    def _note(self, frame, macs):
        next_hop = macs.get(frame[0:6].hex(":"), "another")
        source, target = addresses(frame[14:])
        if source in PODS or target in PODS:
            self.native.add(Packet(source, target, next_hop))
        elif frame[14 + 9] == UDP and struct.unpack_from("!H", frame, 14 + 22)[0] == self.port:
            inner = frame[14 + 20 + 8 + 8 :]
            if struct.unpack_from("!H", inner, 12)[0] == IPV4:
                self.wrapped.add(Packet(*addresses(inner[14:]), str(target)))
                self.carriers.add("vxlan")
        elif frame[14 + 9] == GRE:
            flags, kind, key = struct.unpack_from("!HHI", frame, 14 + 20)
            assert (flags, kind) == (KEYED, IPV4)
            self.wrapped.add(Packet(*addresses(frame[14 + 20 + 8 :]), str(target)))
            self.carriers.add(f"gre {key}")

    def _enis(self):
        return self.lab.ec2.describe_network_interfaces(
            Filters=[{"Name": "status", "Values": ["in-use"]}]
        )["NetworkInterfaces"]


def addresses(packet):
    return IPv4Address(packet[12:16]), IPv4Address(packet[16:20])


def crossing(lab):
    """Every (source, target, node of the target, same subnet) with a pod at one end or both."""
    plan = settings(lab).addresses
    ends = [(pod.address, pod.node.address, True) for pod in lab.pods]
    ends += [(node.address, node.address, False) for node in lab.nodes]
    for source, here, from_pod in ends:
        for target, there, to_pod in ends:
            if here != there and (from_pod or to_pod):
                yield source, target, there, to_pod, plan.zone(here) == plan.zone(there)


def expected(lab):
    """(native, wrapped) as the settings of this lab want it."""
    mode = settings(lab)
    native, wrapped = set(), set()
    for source, target, node, to_pod, near in crossing(lab):
        match mode.routing:
            case RoutingMode.VPC_ROUTES:
                # A subnet's own addresses are reached without asking any table.
                hop = str(node) if near and not to_pod else "router"
                native.add(Packet(source, target, hop))
            case RoutingMode.HOST_GW:
                native.add(Packet(source, target, str(node)))
            case RoutingMode.OVERLAY if mode.cross_zone_only and near:
                native.add(Packet(source, target, str(node)))
            case _:
                wrapped.add(Packet(source, target, str(node)))
    return native, wrapped


def settings(lab):
    return lab.stack.settings()
