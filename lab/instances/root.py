"""What an instance's disk starts from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Root:
    """A root file system that instances share, and none of them changes."""

    layers: tuple[Path, ...]
    """Directories, the uppermost first."""
    kubelet: bool = False
    """Whether what runs in it is a kubelet, which needs more of the kernel than a service does."""
