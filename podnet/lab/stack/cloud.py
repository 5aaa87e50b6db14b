"""The lab's cloud as commands require it, and the kind of its subnets."""

from __future__ import annotations

from podnet.errors import UserError
from podnet.lab.cloud import process
from podnet.lab.home import Home
from podnet.plan.settings import Fabric
from podnet.system.files import write_atomically


def running_cloud(home: Home) -> str:
    """The endpoint of the lab's API; raises `UserError` where it does not run."""
    endpoint = process.running(home)
    if endpoint is None:
        raise cloud_dead(home)
    return endpoint


def declare_fabric(home: Home, wanted: Fabric | None) -> None:
    """Choose the kind of the lab's subnets; raises `UserError` where they exist already."""
    if wanted is None or wanted == home.fabric:
        return
    if process.running(home) or home.engines.exists():
        raise UserError(
            f"--fabric {wanted}: the subnets of this lab are of kind {home.fabric} already; "
            f"`podnet down` first, or another --lab",
            rule="fabric-fixed",
        )
    write_atomically(home.fabric_file, wanted)


def cloud_dead(home: Home) -> UserError:
    """The error of a command that needs what a cloud held that has died."""
    return UserError(
        f"the lab's cloud is not running, and what it held is gone with it; {home.cloud_log} "
        "ends with the reason. `podnet up` clears the rest and deploys again, `podnet down` clears "
        "alone",
        rule="cloud-dead",
    )
