"""What an instance type runs on: AWS's Nitro System, or Xen as types of before 2017 do."""

from __future__ import annotations

XEN = frozenset(
    {
        "c1",
        "c3",
        "c4",
        "cc2",
        "cr1",
        "d2",
        "f1",
        "g2",
        "g3",
        "g3s",
        "h1",
        "hi1",
        "hs1",
        "i2",
        "i3",
        "m1",
        "m2",
        "m3",
        "m4",
        "p2",
        "p3",
        "r3",
        "r4",
        "t1",
        "t2",
        "x1",
        "x1e",
    }
)
"""The families on Xen, to which AWS adds none (EC2 Instance Types guide, "Xen-based instances";
`DescribeInstanceTypes` answers the same, by type, as `hypervisor`)."""


def is_xen(instance_type: str) -> bool:
    """Whether instances of this type run on Xen; those on bare metal run on no hypervisor."""
    family, _, size = instance_type.partition(".")
    return family in XEN and size != "metal"
