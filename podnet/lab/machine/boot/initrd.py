"""The first file system of the virtual machine: a shell, drivers of shared folders, a script."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from podnet.lab.machine.boot import newc
from podnet.lab.machine.kernels.kernel import Kernel

BUSYBOX = Path("/bin/busybox")
INIT = Path(__file__).parents[1] / "guest" / "init.sh"
MODULES = ("virtio_pci", "virtiofs", "virtio_console", "overlay")
"""What the machine's own buses, folders and ports need before its modules' folder is there."""
FOLDERS = ("bin", "dev", "lower", "modules", "proc", "root", "stash", "sys", "writable")


def modules(folder: Path, wanted: Sequence[str] = MODULES) -> list[str]:
    """Files of modules below their folder, each after those that it depends on."""
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        name, _, others = line.partition(":")
        needs[name] = others.split()
    by_name = {Path(name).name.removesuffix(".ko"): name for name in needs}
    ordered: list[str] = []
    for name in wanted:
        if name not in by_name:
            continue  # built into this kernel
        # modules.dep lists first what must be loaded last.
        for each in [*reversed(needs[by_name[name]]), by_name[name]]:
            if each not in ordered:
                ordered.append(each)
    return ordered


def build(kernel: Kernel, settings: Mapping[str, str]) -> bytes:
    """The archive; `settings` become variables of its shell script."""
    files = [kernel.modules / name for name in modules(kernel.modules)] if kernel.modules else []
    names = [file.name for file in files]
    values = {**settings, "INSERTED": "\n".join(names)}
    lines = "".join(f"{key}={shlex.quote(value)}\n" for key, value in values.items())
    return newc.archive(
        [
            *(newc.folder(name) for name in FOLDERS),
            newc.file("bin/busybox", BUSYBOX.read_bytes(), 0o755),
            newc.link("bin/sh", "busybox"),
            newc.file("init", INIT.read_bytes(), 0o755),
            newc.file("settings", lines.encode()),
            *(newc.file(f"modules/{file.name}", file.read_bytes()) for file in files),
        ]
    )
