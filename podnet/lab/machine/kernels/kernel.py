"""A kernel that is there, and where those that were fetched or built are kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.host.build_once import Product, build_once
from podnet.system.progress import Progress


class KernelError(UserError):
    """There is no kernel that the lab could boot."""


class Kind(StrEnum):
    """On which kernel a lab runs."""

    MACHINE = "machine"
    """The one of this machine."""
    DEBIAN = "debian"
    """Debian's for clouds, as the package has it."""
    USER_MODE = "user-mode"
    """Of Debian's source, and a process of this machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """One kernel of a virtual machine."""

    release: str
    """As `uname -r` says it, such as `6.1.0-57-cloud-amd64`."""
    image: Path
    """What is booted or executed."""
    modules: Path | None
    """The folder of its modules; None where all is built in."""


def folder() -> Path:
    """Where kernels are kept: once a user, as other things that are built."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "podnet" / "kernels"


def made_once(
    place: Path, megabytes: int, make: Callable[[Path], None], on_progress: Progress
) -> Path:
    """The folder of a kernel, named by its release; `make` fills a draft of it where it is missing.

    Raises `KernelError`; `megabytes` is the space that this takes, in MiB.
    """
    label = f"the kernel {place.name}"
    product = Product(label=label, needed_megabytes=megabytes, error=KernelError)
    return build_once(place, product, make, on_progress)
