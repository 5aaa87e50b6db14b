"""Debian's kernel for clouds, out of the package that this machine's apt offers, unpacked once."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

from podnet.lab.machine.kernels.kernel import Kernel, KernelError, folder, made_once
from podnet.system.commands import CommandError, run
from podnet.system.progress import Progress

META = "linux-image-cloud-amd64"
"""Depends on the newest kernel of its kind (packages.debian.org/bookworm, of this name)."""
NAME = re.compile(r"linux-image-(\d[\w.+-]*-cloud-amd64)")
NEEDED_MEGABYTES = 250


def at(place: Path) -> Kernel:
    """The kernel whose package was unpacked into a folder of its release's name."""
    release = place.name
    return Kernel(
        release=release,
        image=place / "boot" / f"vmlinuz-{release}",
        modules=place / "lib" / "modules" / release,
    )


def ensure(on_progress: Progress, place: Path | None = None) -> Kernel:
    """The newest kernel that apt offers, fetched unless it is there; else the newest that is there.

    Raises `KernelError` where neither is.
    """
    place = place or folder()
    release = newest(dependencies()) or newest(kept(place))
    if release is None:
        raise KernelError(
            f"apt offers no {META}, which names Debian's kernel for clouds: run `apt-get update`, "
            "or add a source of Debian 12's `main` to /etc/apt",
            rule="kernel-package-missing",
        )
    make = partial(_fetch, release=release, on_progress=on_progress)
    return at(made_once(place / release, NEEDED_MEGABYTES, make, on_progress))


def dependencies() -> str:
    """What apt says that the package depends on; nothing where it offers none."""
    asked = subprocess.run(
        ["apt-cache", "depends", META], capture_output=True, text=True, check=False
    )
    return asked.stdout


def kept(place: Path) -> str:
    """The kernels that were fetched before, by the names of their packages."""
    found = sorted(place.glob("*/boot/vmlinuz-*"), key=lambda file: file.stat().st_mtime)
    return "\n".join(f"linux-image-{file.parents[1].name}" for file in found)


def newest(text: str) -> str | None:
    """The release of the last kernel that a text names."""
    found = NAME.findall(text)
    return found[-1] if found else None


def _fetch(draft: Path, release: str, on_progress: Progress) -> None:
    on_progress(f"fetching linux-image-{release}")
    try:
        # apt-get writes into the folder that it is started in.
        run("env", "-C", str(draft), "apt-get", "-qq", "download", f"linux-image-{release}")
    except CommandError as error:
        raise KernelError(
            f"apt could not fetch linux-image-{release}; `apt-get update` fetches the list "
            f"of what there is now: {error}",
            rule="kernel-package-not-fetched",
        ) from error
    (archive,) = draft.glob("*.deb")
    run("dpkg-deb", "-x", str(archive), str(draft))
    archive.unlink()
    shutil.rmtree(draft / "usr")
    run("depmod", "-b", str(draft), release)
