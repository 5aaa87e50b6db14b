"""kube-router: its images, where it lives in a cluster, and how it is asked for its health."""

from __future__ import annotations

from podnet.plan import parsing

NAMESPACE = "kube-router"
VERSION = "v2.1.0"
"""The version that the lab builds and runs."""
LAB_IMAGE = f"podnet.local/kube-router:{VERSION}"
"""The image that nodes of the lab hold; no registry has it."""
HEALTH_PORT = 20244
"""On all addresses of each node, upstream's default (pkg/options/options.go@v2.1.0)."""
SYNC_SECONDS = 30
"""How often it writes its rules again: so long nothing is enforced after somebody flushes them."""


def image(raw: str) -> str | None:
    """The image of a setting: one pinned by digest, or the lab's own; None where it is empty."""
    return (raw if raw == LAB_IMAGE else parsing.pinned_image(raw)) if raw else None
