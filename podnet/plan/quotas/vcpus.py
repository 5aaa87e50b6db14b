"""vCPUs of running on-demand instances, of which each group of families has a quota of its own."""

from __future__ import annotations

from podnet.plan.quotas.quota import Quota

STANDARD = "ACDHIMRTZ"


def _quota(code: str, families: str, default: int = 0) -> Quota:
    return Quota(
        service="ec2",
        code=code,
        name=f"Running On-Demand {families} instances",
        counted=f"vCPUs of {families} types",
        default=default,
    )


# EC2 User Guide, "On-Demand Instance quotas"; General Reference, "Amazon EC2 endpoints and quotas".
# AWS raises the defaults by what an account uses.
_STANDARD = _quota("L-1216C47A", f"Standard ({', '.join(STANDARD)})", 5)
_G_AND_VT = _quota("L-DB2E81BA", "G and VT")
QUOTAS = {
    "dl": _quota("L-6E869C2A", "DL"),
    "hpc": _quota("L-F7808C92", "HPC"),
    "inf": _quota("L-1945791B", "Inf"),
    "trn": _quota("L-2C3B7624", "Trn"),
    "vt": _G_AND_VT,
    # Bare-metal Macs run on dedicated hosts alone, which are counted otherwise.
    "mac": None,
    "f": _quota("L-74FC7D96", "F"),
    "g": _G_AND_VT,
    "p": _quota("L-417A185B", "P"),
    "u": _quota("L-43DA4232", "High Memory"),
    "x": _quota("L-7295265B", "X"),
    **dict.fromkeys(STANDARD.lower(), _STANDARD),
}
"""The quotas by how the name of a type begins; the longer beginnings first."""


def quota_of(instance_type: str) -> Quota | None:
    """The quota in which a type counts; None where none is known."""
    return next((quota for start, quota in QUOTAS.items() if instance_type.startswith(start)), None)
