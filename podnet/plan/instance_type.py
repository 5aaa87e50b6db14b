"""What AWS says of an instance type, and what nodes need of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from podnet.plan.image import ARCHITECTURES
from podnet.plan.problem import Problem, Remark
from podnet.plan.settings import Settings

XEN = "xen"
LEAST_VCPUS = 2
LEAST_MEMORY = 1700
"""MiB. Both are what kubeadm makes a control plane on (kubernetes/kubernetes,
cmd/kubeadm/app/constants, ControlPlaneNumCPU and ControlPlaneMem)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceType:
    """An instance type; what AWS does not say of it is empty or zero, and unknown."""

    name: str
    architectures: tuple[str, ...] = ()
    hypervisor: str = ""
    vcpus: int = 0
    memory: int = 0
    """MiB."""
    problem: str = ""
    """Why AWS says nothing of the type, where it does not."""

    @property
    def architecture(self) -> str | None:
        """The architecture of its machine image, as EC2 names it; None where it is unknown."""
        return next((each for each in ARCHITECTURES if each in self.architectures), None)


def problems(kind: InstanceType, settings: Settings) -> Iterator[Problem]:
    """Why nodes cannot be of this type."""
    if kind.architectures and not kind.architecture:
        yield Problem(
            rule="instance-type-architecture",
            text=f"podnet:instanceType {kind.name} runs {' and '.join(kind.architectures)} alone, "
            f"and nodes are built for {' and '.join(ARCHITECTURES)}; use another type, such as "
            "t3.small",
            about=("instanceType",),
        )
    if not settings.has_cluster:
        return
    if 0 < kind.vcpus < LEAST_VCPUS or 0 < kind.memory < LEAST_MEMORY:
        yield Problem(
            rule="instance-type-too-small",
            text=f"podnet:instanceType {kind.name} has {kind.vcpus or 'unknown'} vCPUs and "
            f"{kind.memory or 'unknown'} MiB of memory, and kubeadm makes a control plane on no "
            f"less than {LEAST_VCPUS} and {LEAST_MEMORY}; use t3.medium or a larger type",
            about=("instanceType", "kubernetes"),
        )


def remarks(kind: InstanceType) -> Iterator[Remark]:
    """What to know of this type."""
    if kind.problem:
        yield Remark(
            rule="instance-type-unknown",
            text=f"AWS says nothing of podnet:instanceType {kind.name} ({kind.problem}), so nobody "
            "knows here whether it fits",
            is_warning=True,
        )
    if kind.hypervisor == XEN:
        # The guide of 2022 excepted them (gravitational/teleport, RFD 72); that of
        # 2026 ("View tags for your EC2 instances using instance metadata") excepts none.
        yield Remark(
            rule="instance-type-xen",
            text=f"podnet:instanceType {kind.name} runs on Xen, not on AWS's Nitro "
            "System: a switch reaches a node by a tag in its metadata, and AWS used to change "
            "those of a running instance on Nitro alone. Stop and start a node that does not "
            "follow a switch, or take a type on Nitro, such as t3.small",
            is_warning=True,
        )
