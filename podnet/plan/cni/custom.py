"""A CNI of the user's own, which podnet neither deploys nor waits for."""

from __future__ import annotations

from podnet.plan.cni.preset import Cni, Preset

PRESET = Preset(
    cni=Cni.CUSTOM,
    title="your CNI",
    conflist="",
    openings=(),
    masquerades="as your CNI decides",
    expects="Of it podnet deploys nothing and waits for nothing: install it, so that each node has "
    "a conflist in /etc/cni/net.d, its plugins in /opt/cni/bin or /usr/lib/cni, routes to the "
    "blocks of all others (spec.podCIDR of a Node object), and masquerading for the internet",
    needs_cluster=False,
)
