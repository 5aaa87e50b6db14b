"""What of a node goes into a bundle: the files by their names there, with what they are.

Standard library only: a node that is asked gets this module.
"""

from __future__ import annotations

COMMANDS = (
    ("addresses.json", "addresses and links", ("ip", "-json", "-details", "address", "show")),
    ("links.txt", "counters of links", ("ip", "-statistics", "link", "show")),
    ("routes.json", "routes of all tables", ("ip", "-json", "route", "show", "table", "all")),
    ("rules.json", "routing rules", ("ip", "-json", "rule", "show")),
    ("neighbours.json", "neighbours", ("ip", "-json", "neigh", "show")),
    ("fdb.json", "forwarding entries of bridges and VXLAN", ("bridge", "-json", "fdb", "show")),
    ("ports.json", "ports of bridges", ("bridge", "-json", "-details", "link", "show")),
    ("nft.txt", "tables of nftables", ("nft", "list", "ruleset")),
    ("sockets.txt", "sockets, without their peers", ("ss", "--summary")),
    ("sysctl.txt", "kernel settings of the network", ("sysctl", "net.ipv4", "net.bridge")),
    ("units.txt", "units of systemd", ("systemctl", "list-units", "--all", "--no-pager")),
    (
        "journal.txt",
        "the journal since the boot, its end",
        ("journalctl", "--boot", "--no-pager", "--lines=5000", "--output=short-iso"),
    ),
    ("release.txt", "the system and its kernel", ("uname", "--all")),
)
FILES = (
    ("agent-state.json", "what the agent says of itself", "run/podnet-agent/state.json"),
    ("updater.txt", "the last word of the updater", "run/podnet-update/problem"),
    ("kept-routing.txt", "the routing that was assigned last", "var/lib/podnet/routing"),
    ("node.env", "what the node was given", "etc/podnet/node.env"),
    ("os-release.txt", "the distribution", "usr/lib/os-release"),
    ("cloud-init.log", "the log of cloud-init", "var/log/cloud-init.log"),
    ("cloud-init-output.log", "what user data printed", "var/log/cloud-init-output.log"),
)
CONFLISTS = "etc/cni/net.d"
CONFLIST = "a CNI configuration"
ALLOWANCES = "what EC2's network dropped, by the counters of the ENA driver"
