"""What the subnets of a lab are; declared once, before anything is in it."""

from __future__ import annotations

from enum import StrEnum

from lab.cloud import control
from lab.errors import LabError
from lab.home import Home


class FabricKind(StrEnum):
    """What carries packets between the nodes."""

    VPC = "vpc"
    SWITCH = "switch"


def declare(home: Home, wanted: FabricKind | None) -> None:
    """Keep what the subnets are; raises `LabError` where the lab has others already."""
    if wanted is None or wanted == home.fabric:
        return
    if control.running(home) or (home.directory / "engines").exists():
        raise LabError(
            f"--fabric {wanted}: the subnets of this lab are of kind {home.fabric} already; "
            f"`podnet down` first, or another --lab"
        )
    (home.directory / "fabric").write_text(wanted)
