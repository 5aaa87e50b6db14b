"""The first file system of the virtual machine: a shell, drivers of shared folders, a script."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from podnet.lab.machine import newc
from podnet.lab.machine.package import Kernel

BUSYBOX = Path("/bin/busybox")
INIT = Path(__file__).parent / "guest" / "init.sh"
MODULES = ("virtio_pci", "virtiofs", "virtio_console", "overlay")
"""What the machine's own buses, folders and ports need before its modules' folder is there."""
FOLDERS = ("bin", "dev", "lower", "modules", "proc", "root", "stash", "sys", "writable")


def modules(kernel: Kernel, wanted: Sequence[str] = MODULES) -> list[str]:
    """Files of modules below the kernel's folder, each after those that it depends on."""
    needs = {}
    for line in (kernel.modules / "modules.dep").read_text().splitlines():
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
    files = modules(kernel)
    names = [Path(name).name for name in files]
    values = {**settings, "INSERTED": "\n".join(names)}
    lines = "".join(f"{key}={shlex.quote(value)}\n" for key, value in values.items())
    return newc.archive(
        [
            *(newc.folder(name) for name in FOLDERS),
            newc.file("bin/busybox", BUSYBOX.read_bytes(), 0o755),
            newc.link("bin/sh", "busybox"),
            newc.file("init", INIT.read_bytes(), 0o755),
            newc.file("settings", lines.encode()),
            *(
                newc.file(f"modules/{name}", (kernel.modules / file).read_bytes())
                for name, file in zip(names, files, strict=True)
            ),
        ]
    )
