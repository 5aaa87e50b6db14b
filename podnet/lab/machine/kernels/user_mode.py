"""A kernel in user mode, built once out of the source that this machine's apt offers.

It is Linux as a process of this machine (Documentation/virt/uml/user_mode_linux_howto_v2.rst of
Linux 6.1): where no hypervisor works, it executes programs at this machine's own speed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

from podnet.lab.machine.kernels import configuration
from podnet.lab.machine.kernels.kernel import Kernel, KernelError, folder, made_once
from podnet.system.commands import CommandError, run
from podnet.system.progress import Progress

SOURCE, CONFIGURATION = "linux-source-6.1", "linux-config-6.1"
"""Debian 12's (packages.debian.org/bookworm, of these names)."""
CLOUD = "usr/src/linux-config-6.1/config.amd64_none_cloud-amd64.xz"
VERSION = re.compile(r"^Version: (\S+)$", re.MULTILINE)
NEEDED_MEGABYTES = 3000
READ = "chan_interrupt(line, line->read_irq);"
ALONE = "{ unsigned long flags; local_irq_save(flags); " + READ + " local_irq_restore(flags); }"
CORRECTIONS = (
    ("arch/um/drivers/line.c", "\tdeactivate_chan(line->chan_in, line->read_irq);\n", ""),
    ("arch/um/drivers/line.c", READ, ALONE),
    ("arch/um/drivers/chan_kern.c", READ, ALONE),
)
"""A file, a text that stands in it once, and what stands there instead."""
RECIPE = hashlib.sha256(f"{configuration.RULES} {CORRECTIONS}".encode()).hexdigest()
SUFFIX = f"-user-mode-{RECIPE[:8]}"
"""How the releases end: with another configuration or correction, another kernel is built."""
NEEDED = {"GRE": "NET_IPGRE", "dummy": "DUMMY", "nftables' inet": "NF_TABLES_INET"}
"""What the lab runs on this kernel for, and the options without which it is not built."""


def at(place: Path) -> Kernel:
    """The kernel that was built into a folder of its release's name."""
    return Kernel(release=place.name, image=place / "linux", modules=None)


def ensure(on_progress: Progress, place: Path | None = None) -> Kernel:
    """The kernel of the source that apt offers, built unless it is there; else the newest built so.

    Raises `KernelError` where there is no source, and where the build fails.
    """
    place = place or folder()
    version = offered()
    release = f"{version}{SUFFIX}" if version else newest(place)
    if release is None:
        raise KernelError(
            f"apt offers no {SOURCE}, of which the kernel in user mode is built: run `apt-get "
            "update`, or add a source of Debian 12's `main` to /etc/apt",
            rule="kernel-source-missing",
        )
    make = partial(_build, release=release, on_progress=on_progress)
    return at(made_once(place / release, NEEDED_MEGABYTES, make, on_progress))


def offered() -> str | None:
    """The version of the source that apt offers, such as `6.1.192-3`."""
    argv = ["apt-cache", "show", "--no-all-versions", SOURCE]
    asked = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = VERSION.search(asked.stdout)
    return found[1] if found else None


def newest(place: Path) -> str | None:
    """The release that was built last with this configuration and these corrections."""
    built = sorted(place.glob(f"*{SUFFIX}/linux"), key=lambda file: file.stat().st_mtime)
    return built[-1].parent.name if built else None


def _build(draft: Path, release: str, on_progress: Progress) -> None:
    on_progress(f"fetching {SOURCE}")
    work = draft / "work"
    work.mkdir()
    try:
        # apt-get writes into the folder that it is started in.
        run("env", "-C", str(work), "apt-get", "-qq", "download", SOURCE, CONFIGURATION)
        for archive in work.glob("*.deb"):
            run("dpkg-deb", "-x", str(archive), str(work))
        run("tar", "-C", str(work), "-xf", str(work / f"usr/src/{SOURCE}.tar.xz"))
        tree = work / SOURCE
        correct(tree)
        cloud = run("xzcat", str(work / CLOUD))
        configure(tree, configuration.fragment(cloud, release[release.index("-") :]))
        on_progress("building it, which takes some ten minutes on two cores")
        _make(tree, f"-j{os.cpu_count() or 1}", "linux")
    except CommandError as error:
        raise KernelError(
            f"the kernel {release} could not be built: {error}", rule="kernel-not-built"
        ) from error
    run("strip", "-o", str(draft / "linux"), str(tree / "linux"))
    shutil.copy(tree / ".config", draft / "config")
    shutil.rmtree(work)


def correct(tree: Path) -> None:
    """Keep serial lines whole and alive whose reader is slower than who writes.

    `line_throttle` takes a line's file out of those that are polled, and nothing puts it back; and
    what reads on afterwards is no interrupt, so that one comes in between and mixes up the bytes
    (arch/um/drivers of Linux 6.1). Raises `KernelError` where the source has another text.
    """
    for name, before, after in CORRECTIONS:
        file = tree / name
        text = file.read_text()
        if text.count(before) != 1:
            raise KernelError(
                f"{name} of {SOURCE} is not as in 6.1: `{before.strip()}` stands there "
                f"{text.count(before)} times and not once; uncorrected, long input hangs",
                rule="kernel-source-differs",
            )
        file.write_text(text.replace(before, after))


def configure(tree: Path, fragment: str) -> None:
    """Configure a source tree; raises `KernelError` where what the lab needs is left out."""
    defaults = (tree / "arch/um/configs/x86_64_defconfig").read_text()
    (tree / "arch/um/configs/podnet_defconfig").write_text(defaults + fragment)
    _make(tree, "podnet_defconfig")
    lacking = configuration.lacking(fragment, (tree / ".config").read_text())
    if missing := sorted(name for name, option in NEEDED.items() if option in lacking):
        raise KernelError(
            f"{SOURCE} as a kernel in user mode has no {', '.join(missing)}, which the lab needs",
            rule="kernel-lacks-options",
        )


def _make(tree: Path, *words: str) -> None:
    run("make", "-s", "-C", str(tree), "ARCH=um", *words)
