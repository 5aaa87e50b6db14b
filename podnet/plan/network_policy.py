"""Which program of a cluster enforces NetworkPolicy objects, and what is said where none does."""

from __future__ import annotations

from podnet.plan.policy_objects import Engine, Found
from podnet.plan.problem import Problem, Remark

KUBE_NETWORK_POLICIES = (
    "registry.k8s.io/networking/kube-network-policies:v0.8.0"
    "@sha256:1098ef1f4597f14550654df8a658128d5654e0523dfec3c0660dccf5cc905263"
)
"""kube-network-policies, by the digest that Kubernetes' own list of promoted images has
(kubernetes/k8s.io, registry.k8s.io/images/k8s-staging-networking/images.yaml)."""
QUEUE = 98
"""The NFQUEUE of kube-network-policies, as upstream's manifest has it (install.yaml@v0.8.0)."""
METRICS_PORT = 9080
"""On the loopback address of each node."""
NAMED = 10
"""The most policies that a sentence names."""


def unenforced(found: Found, engine: Engine) -> Remark | None:
    """That policies have no effect, where they have none."""
    if engine is not Engine.NONE or not found.policies:
        return None
    return Remark(
        rule="network-policies-unenforced",
        text=f"nothing enforces the NetworkPolicy objects of this cluster ({_named(found)}), "
        "since networkPolicy is none: all pods reach each other as without them; set "
        "networkPolicy to kube-router, or delete them",
        is_warning=True,
    )


def forbidden(found: Found, engine: Engine) -> Problem | None:
    """Why the engine of a cluster cannot be another from now on; None where it can."""
    if found.engine in (Engine.NONE, engine) or not found.policies:
        return None
    return Problem(
        rule="network-policy-engine-removed",
        text=f"podnet:networkPolicy cannot change from {found.engine} to {engine} while the "
        f"cluster has NetworkPolicy objects ({_named(found)}): nothing would enforce them, and "
        f"the rules that {found.engine} leaves on the nodes would go on dropping packets; delete "
        "them first, deploy, and create them again where another engine follows; or leave "
        f"{found.engine}",
        about=("networkPolicy",),
    )


def _named(found: Found) -> str:
    more = len(found.policies) - NAMED
    listed = ", ".join(found.policies[:NAMED])
    return f"{listed} and {more} more" if more > 0 else listed
