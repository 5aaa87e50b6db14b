"""The variants of routing in which another CNI carries pods; importing this adds them to VARIANTS.

Standard library only, since every node receives this module in its release. Before that a node
knows none of them, so it leaves its network as it is.
"""

from __future__ import annotations

from podnet.plan.routing import VARIANTS, Routing, RoutingMode, Variant

CNIS = ("calico", "kube-router", "custom")
"""Those that may carry pods in mode external; custom is the user's own."""

for _cni in CNIS:
    _name = f"external-{_cni}"
    VARIANTS[_name] = Variant(
        _name,
        Routing(mode=RoutingMode.EXTERNAL, cni=_cni),
        native=False,
        vxlan=False,
        gre=False,
    )


def parse(text: str) -> Routing:
    """The routing in a tag, of these variants too; raises `ValueError` with the reason."""
    return Routing.parse(text)
