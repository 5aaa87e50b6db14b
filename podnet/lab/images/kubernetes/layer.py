"""`python -m podnet.lab.images.kubernetes.layer`: fills one layer in its own namespaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.images import programs as build
from podnet.lab.images.apt import settings
from podnet.lab.images.kubernetes import archive, contents
from podnet.system.commands import CommandError, run
from podnet.system.waiting import wait_until

FILES = Path(__file__).parent / "rootfs"
"""Files that replace or complete those of the packages."""
LAYER = "layer"
PACKAGES = (
    "runc",
    "conntrack",
    "ethtool",
    "socat",
    "mount",
    "ca-certificates",
    "python3-boto3",
    "ipset",
)
ON_THE_NODE = ("kubeadm", "kubelet", "kubectl", "containerd", "containerd-shim-runc-v2", "ctr")
ENABLED = ("containerd.service", "podnet-lab-kernel.service")
SCRATCH_DIRS = ("run", "tmp", "var/lib/apt/lists", "var/cache/apt", "var/log")
"""Folders that are empty when an instance first boots."""
START_SECONDS = 60
POLL = 0.1


def fill(draft: Path, base: Path, programs: Path, routers: Path, certificate: Path) -> None:
    """Build the layer in `draft`, over `base`."""
    root = _mount(draft, base)
    report("packages")
    _packages(root)
    report("files")
    target = root / "usr/local/share/ca-certificates/podnet-lab.crt"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(certificate, target)
    run("chroot", str(root), "update-ca-certificates")
    names = contents.kubeadm_names(programs, build.version("kubernetes"))
    pause = next(name for name in names if "/pause:" in name)
    _files(root, programs, pause)
    report("container images")
    images = contents.cluster_images(names, programs, root) + contents.other_images(programs, root)
    images.append(contents.kube_router_image(routers, root))
    packed = draft / "images.tar"
    archive.write(packed, images)
    with _containerd(root):
        report("container images, unpacked")
        _unpack(root, packed)


def report(step: str) -> None:
    """Name the next step to whoever started this process."""
    sys.stdout.write(f"I: {step}\n")
    sys.stdout.flush()


def _mount(draft: Path, base: Path) -> Path:
    layer, work, root = (draft / name for name in (LAYER, "work", "root"))
    for place in (layer, work, root):
        place.mkdir()
    options = f"lowerdir={base},upperdir={layer},workdir={work}"
    run("mount", "-t", "overlay", "overlay", "-o", options, str(root))
    run("mount", "--bind", "/dev", f"{root}/dev")
    run("mount", "-t", "proc", "proc", f"{root}/proc")
    run("mount", "--rbind", "/sys", f"{root}/sys")
    for folder in SCRATCH_DIRS:
        (root / folder).mkdir(parents=True, exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", f"{root}/{folder}")
    (root / "var/cache/apt/archives/partial").mkdir(parents=True)
    # The target of the link /etc/resolv.conf of an instance.
    resolver = root / "run/systemd/resolve/stub-resolv.conf"
    resolver.parent.mkdir(parents=True)
    resolver.write_text(Path("/etc/resolv.conf").read_text())
    return root


def _packages(root: Path) -> None:
    options = root / "tmp/apt.conf"
    options.write_text("".join(f"{line}\n" for line in settings()))
    environment = ("env", "DEBIAN_FRONTEND=noninteractive", "APT_CONFIG=/tmp/apt.conf")
    apt = ("chroot", str(root), *environment, "apt-get", "--quiet")
    run(*apt, "update")
    run(*apt, "install", "--yes", "--no-install-recommends", *PACKAGES)


def _files(root: Path, programs: Path, pause: str) -> None:
    for name in ON_THE_NODE:
        shutil.copy(programs / name, root / "usr/bin" / name)
    for file in sorted(path for path in FILES.rglob("*") if path.is_file()):
        target = root / file.relative_to(FILES)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.read_text().replace("@PAUSE@", pause))
        target.chmod(file.stat().st_mode & 0o777)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    for unit in ENABLED:
        (wants / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")


@contextmanager
def _containerd(root: Path) -> Iterator[None]:
    log = root / "tmp/containerd.log"
    with (
        log.open("w") as file,
        subprocess.Popen(["chroot", str(root), "containerd"], stdout=file, stderr=file) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or _answers(root), START_SECONDS, POLL)
            if not _answers(root):
                raise UserError(
                    f"containerd did not start:\n{log.read_text()[-2000:]}",
                    rule="containerd-starts",
                )
            yield
        finally:
            process.terminate()


def _unpack(root: Path, packed: Path) -> None:
    options = ("--local", "--snapshotter=native")
    argv = ["chroot", str(root), "ctr", "--namespace=k8s.io", "images", "import", *options, "-"]
    with packed.open("rb") as file:
        done = subprocess.run(argv, stdin=file, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandError(argv, done.returncode, done.stderr)
    # What is unpacked is never read again, and would double the image.
    run("chroot", str(root), "ctr", "--namespace=k8s.io", "content", "prune", "references")


def _answers(root: Path) -> bool:
    try:
        run("chroot", str(root), "ctr", "version")
    except CommandError:
        return False
    return True


def main() -> int:
    """Run as a program, and return its exit code."""
    draft, base, programs, routers, certificate = map(Path, sys.argv[1:])
    os.umask(0o022)
    try:
        fill(draft, base, programs, routers, certificate)
    except UserError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
