"""The lower layers of the disk of an instance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Root:
    """A root file system that instances share, and none of them changes."""

    layers: tuple[Path, ...]
    """Directories, the uppermost first."""
    kubelet: bool = False
    """True if a kubelet runs in it, which needs more access to the kernel than a service does."""
