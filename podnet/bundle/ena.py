"""What the network of EC2 has dropped for a node, by the counters of its ENA driver."""

from __future__ import annotations

import re

# EC2 User Guide, "Metrics for the ENA driver" (monitoring-network-performance-ena).
COUNTERS = {
    "bw_in_allowance_exceeded": "packets queued or dropped: inbound bandwidth of the instance",
    "bw_out_allowance_exceeded": "packets queued or dropped: outbound bandwidth of the instance",
    "pps_allowance_exceeded": "packets queued or dropped: packets per second of the instance",
    "conntrack_allowance_exceeded": "packets dropped: no further connection can be tracked",
    "linklocal_allowance_exceeded": "packets dropped: to DNS, metadata and time on local addresses",
    "conntrack_allowance_available": "connections that can still be tracked",
}
_LINE = re.compile(r"^\s*(\w+): (\d+)\s*$", re.MULTILINE)


def allowances(text: str) -> dict[str, int]:
    """The counters out of what `ethtool -S` prints; empty for another driver's."""
    return {name: int(count) for name, count in _LINE.findall(text) if name in COUNTERS}
