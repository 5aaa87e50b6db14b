"""The root file systems that instances start from: Debian 12 or 13 with cloud-init, built once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.host.bound import bound
from podnet.lab.host.build_once import Product, build_once, free_megabytes, remove
from podnet.lab.images.apt import SUITE, settings, sources

FILES = Path(__file__).parent / "rootfs"
"""Files that replace or complete those of the packages."""

PACKAGES = (
    "systemd",
    "systemd-sysv",
    "systemd-resolved",
    "dbus",
    "udev",
    "kmod",
    "procps",
    "python3",
    "iproute2",
    "iputils-ping",
    "nftables",
    "iptables",
    "containernetworking-plugins",
    "cloud-init",
    "isc-dhcp-client",
)
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
ENABLED = {
    "systemd-networkd.service": "multi-user.target.wants",
    "systemd-networkd-wait-online.service": "network-online.target.wants",
}
# Units for hardware, a console or a disk that an instance of the lab does not have.
MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty.target",
    "console-getty.service",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-udev-settle.service",
    "cloud-init-hotplugd.socket",
)
NEEDED_MEGABYTES = 1200
TAIL = 15


class ImageError(UserError):
    """The image could not be built; nothing of it is left."""


def recipe(suite: str = SUITE) -> str:
    """Sixteen digits that change with anything that decides what is in the image."""
    parts: list[object] = [suite, PACKAGES, LEFT_OUT, ENABLED, MASKED]
    parts += [(str(file.relative_to(FILES)), file.read_text()) for file in _files()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def ensure(
    directory: Path, on_progress: Callable[[str], None] = lambda _: None, suite: str = SUITE
) -> Path:
    """Root directory of the image in `directory`, built if this recipe has none yet."""
    product = Product(
        label="the instance image", needed_megabytes=NEEDED_MEGABYTES, error=ImageError
    )
    place = build_once(
        directory / recipe(suite),
        product,
        lambda draft: _build(draft / "root", on_progress, suite),
        on_progress,
    )
    return place / "root"


def _build(root: Path, on_progress: Callable[[str], None], suite: str) -> None:
    begun = time.monotonic()
    on_progress(f"building the instance image from {suite} packages")
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    options += [f"--aptopt={line}" for line in settings()]
    command = bound("mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory")
    argv = [*command, f"--include={','.join(PACKAGES)}", *options, suite, str(root), "-"]
    output: list[str] = []
    # In the draft, so that it goes with what else a killed build leaves.
    scratch = root.with_name("tmp")
    scratch.mkdir()
    with subprocess.Popen(
        argv,
        env=os.environ | {"TMPDIR": str(scratch.resolve())},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin and process.stderr  # noqa: S101, PT018  # both are pipes
        try:
            process.stdin.write(sources(suite))
            process.stdin.close()
            for line in process.stderr:
                output.append(line.rstrip())
                if line.startswith("I: "):
                    on_progress(line[3:].rstrip())
        finally:
            process.kill()  # only an interruption finds it still at work
    if process.returncode:
        raise _build_error(root, output)
    remove(scratch)
    _finish(root)
    on_progress(f"image built in {time.monotonic() - begun:.0f} s")


def _finish(root: Path) -> None:
    for file in _files():
        target = root / file.relative_to(FILES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    units = root / "etc/systemd/system"
    for unit in MASKED:
        _link(units / unit, "/dev/null")
    for unit, wants in ENABLED.items():
        _link(units / wants / unit, f"/lib/systemd/system/{unit}")
    _link(units / "default.target", "/lib/systemd/system/multi-user.target")
    _link(root / "etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf")
    # Empty, not missing: every instance draws its own, and none takes it for a first boot on
    # which all units must be preset.
    (root / "etc/machine-id").write_text("")
    (root / "etc/hostname").unlink(missing_ok=True)
    (root / "etc/apt/apt.conf.d/99mmdebstrap").unlink(missing_ok=True)


def _link(link: Path, target: str) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _build_error(root: Path, output: list[str]) -> ImageError:
    free = free_megabytes(root.parent)
    tail = "\n".join(f"  {line}" for line in output[-TAIL:])
    if any("No space left on device" in line or "enough free space" in line for line in output):
        return ImageError(
            f"the disk filled up while the image was built in {root.parent.parent}: it needs "
            f"{NEEDED_MEGABYTES} MB and {free} MB are left; make room and try again\n{tail}",
            rule="image-disk-full",
        )
    return ImageError(f"mmdebstrap failed with:\n{tail}", rule="image-build-failed")


def _files() -> list[Path]:
    return sorted(path for path in FILES.rglob("*") if path.is_file())
