"""Rules that leave each pod its own address and MAC, for the table `bridge podnet`."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from pathlib import Path

from machine import Node
from sandboxes import Sandbox, sandboxes

# A port whose result is not written yet may send what is no other's. Frames of pods come by the
# port `to-pods` to another bridge.
GUARDS = """\
		iifname . ether saddr . ip saddr {{ {pods} }} accept
		iifname . ether saddr . arp saddr ip {{ {pods} }} accept
		iifname . ether saddr {{ {macs} }} ether type ip6 accept
		iifname {{ {ports} }} counter drop
		iifname != "to-pods" ip saddr {{ {gateway}, {addresses} }} counter drop
		iifname != "to-pods" arp saddr ip {{ {gateway}, {addresses} }} counter drop
"""


def guards(pods: Iterable[Sandbox], gateway: IPv4Address) -> str:
    """Rules that leave each pod its address and MAC, and give it no other's."""
    known = [
        (f'"{pod.port}"', pod.mac, str(address))
        for pod in pods
        for address in pod.addresses
        if pod.mac
    ]

    def each(*columns: int) -> str:
        return ", ".join(sorted({" . ".join(row[at] for at in columns) for row in known}))

    if not known:
        return ""
    return GUARDS.format(
        pods=each(0, 1, 2), macs=each(0, 1), ports=each(0), addresses=each(2), gateway=gateway
    )


def guards_of(cni: Path) -> Callable[[Node], str]:
    """The rules for the pods that there are now."""
    return lambda node: guards(sandboxes(cni), node.block[1])
