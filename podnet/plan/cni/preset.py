"""What podnet knows of another CNI, to which nodes leave their pods."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cni(StrEnum):
    """Whose CNI carries pods in mode external."""

    NONE = "none"
    """podnet's own, or Flannel: in all other modes."""
    CALICO = "calico"
    KUBE_ROUTER = "kube-router"
    CUSTOM = "custom"
    """The user's; podnet deploys none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """What a CNI sends from node to node; `protocol` as EC2 writes it."""

    what: str
    protocol: str
    first: int | None = None
    last: int | None = None
    """Ports; None for protocols without."""
    across_zones: bool = False
    """Whether only where nodes are in several subnets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """One CNI."""

    cni: Cni
    title: str
    conflist: str
    """Where on a node its conflist is; empty where podnet does not know."""
    openings: tuple[Opening, ...]
    """Beside packets of pods under their own addresses, for which all rules are in force."""
    masquerades: str
    """Which packets of pods leave under another address, in words."""
    expects: str
    """What the user sees to, in words."""
    needs_cluster: bool = True
    image: str | None = None
    """Its container image by digest; None where no digest is known from a source."""
    image_holds: str = ""
    """What such an image has to hold, in words."""
