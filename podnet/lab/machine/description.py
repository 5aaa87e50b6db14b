"""The kernel that the nodes of a lab share, in a sentence."""

from __future__ import annotations

import platform

from podnet.lab.home import Home
from podnet.lab.machine.hypervisors.machine import HOW, Hypervisor


def kernel(home: Home) -> str:
    """Its name, and where it runs."""
    name = f"Linux {platform.release()}"
    if not home.guest.exists():
        return f"{name}, this machine's own"
    how = HOW[Hypervisor(home.guest.read_text())]
    if home.patience == 1:
        return f"{name}, {how}"
    return f"{name}, {how}: waits for the cloud and for nodes are {home.patience} times as long"
