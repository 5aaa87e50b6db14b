"""The kernel that the nodes of a lab share, in a sentence."""

from __future__ import annotations

import platform

from podnet.lab.home import Home


def kernel(home: Home) -> str:
    """Its name, and where it runs."""
    name = f"Linux {platform.release()}"
    if not home.guest.exists():
        return f"{name}, this machine's own"
    if home.patience == 1:
        return f"{name}, in a virtual machine"
    return (
        f"{name}, in a virtual machine that is emulated: waits for the cloud and for nodes are "
        f"{home.patience} times as long"
    )
