"""The condition of a node: all that the agent keeps, as the kernel and the files have it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from podnet.lab.nodes.node import Node

SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/bridge/bridge-nf-call-iptables",
    *(
        f"net/ipv4/conf/{link}/{name}"
        for link in ("eth0", "kube-bridge", "podnet0")
        for name in ("forwarding", "rp_filter")
    ),
    "net/ipv4/conf/kube-bridge/proxy_arp",
)
QUESTIONS = {
    "links": "ip -d -j link show",
    "addresses": "ip -4 -j address show",
    "ports": "bridge -d -j link show",
    "routes": "ip -4 -j route show table all",
    "rules": "ip -4 -j rule show",
    "neighbours": "ip -4 -j neigh show nud permanent",
    "forwarding": "bridge -j fdb show",
    "tables": "nft -s list table inet podnet; nft -s list table bridge podnet",
    "sysctls": f"cd /proc/sys; head -n 1 {' '.join(SYSCTLS)}",
    "conflist": "cat /etc/cni/net.d/10-mynet.conflist",
    "leases": "ls /var/lib/cni/networks/mynet",
    "agent": "systemctl show --property=ActiveState podnet-agent",
}
MARK = "---- "
KEPT = {
    "links": ("ifname", "mtu", "master", "operstate", "id", "local", "port", "mac"),
    "ports": ("ifname", "master", "state", "hairpin", "learning", "flood", "isolated"),
    "routes": ("dst", "gateway", "dev", "table", "metric", "protocol", "prefsrc"),
    "neighbours": ("dst", "dev", "lladdr"),
    "forwarding": ("mac", "ifname", "dst", "master"),
    "rules": ("priority", "src", "srclen", "dst", "dstlen", "table", "action"),
}
"""What of each listed item does not change by itself."""
LINKS = ("eth", "kube-bridge", "podnet", "veth")
"""Other links are not the agent's."""
OWN_MACS = ("kube-bridge", "podnet0")

Condition = Mapping[str, object]


def condition(node: Node) -> Condition:
    """What is asked by `QUESTIONS`, comparable to an earlier answer."""
    script = "\n".join(f"echo '{MARK}{name}'; ({command})" for name, command in QUESTIONS.items())
    answers = node.run("sh", "-c", f"{{ {script}\n}} 2>&1; true").split(MARK)[1:]
    return {
        name: _comparable(name, text)
        for name, _, text in (answer.partition("\n") for answer in answers)
    }


def _comparable(name: str, text: str) -> object:
    if name not in KEPT and name != "addresses":
        return text
    try:
        items: list[dict[str, Any]] = [item for item in json.loads(text or "[]") if item]
    except ValueError:
        return text
    if name == "addresses":
        return sorted(
            f"{item['ifname']} {entry['local']}/{entry['prefixlen']}"
            for item in items
            for entry in item["addr_info"]
        )
    if name == "forwarding":
        # The rest is learned, or of the links themselves.
        items = [item for item in items if "dst" in item and item.get("state") == "permanent"]
    if name == "links":
        items = [_link(item) for item in items if item["ifname"].startswith(LINKS)]
    kept = [{key: item[key] for key in KEPT[name] if key in item} for item in items]
    return sorted(json.dumps(each, sort_keys=True) for each in kept)


def _link(item: dict[str, Any]) -> dict[str, Any]:
    own = {"mac": item["address"]} if item["ifname"] in OWN_MACS else {}
    data: dict[str, Any] = item.get("linkinfo", {}).get("info_data", {})
    return {**item, **data, **own}
