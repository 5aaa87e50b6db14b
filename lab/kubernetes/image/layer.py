"""`python -m lab.kubernetes.image.layer`: fills one layer, in namespaces made for it alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import LabError
from lab.instances.apt import settings
from lab.kubernetes import build
from lab.kubernetes.image import archive, contents
from lab.shell import CommandError, run

FILES = Path(__file__).parent / "rootfs"
"""Whole files laid over what the packages bring."""
LAYER = "layer"
PACKAGES = ("runc", "conntrack", "ethtool", "socat", "mount", "ca-certificates", "python3-boto3")
ON_THE_NODE = ("kubeadm", "kubelet", "kubectl", "containerd", "containerd-shim-runc-v2", "ctr")
ENABLED = ("containerd.service", "podnet-lab-kernel.service")
FORGOTTEN = ("run", "tmp", "var/lib/apt/lists", "var/cache/apt", "var/log")
"""Folders that are empty when an instance first boots."""
START_SECONDS = 60
POLL = 0.1


def fill(draft: Path, base: Path, programs: Path, certificate: Path) -> None:
    """Make the layer in `draft`, which lies over `base`."""
    root = _mount(draft, base)
    tell("packages")
    _packages(root)
    tell("files")
    target = root / "usr/local/share/ca-certificates/podnet-lab.crt"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(certificate, target)
    run("chroot", str(root), "update-ca-certificates")
    names = contents.kubeadm_names(programs, build.version("kubernetes"))
    pause = next(name for name in names if "/pause:" in name)
    _files(root, programs, pause)
    tell("container images")
    images = contents.cluster_images(names, programs, root) + contents.other_images(programs, root)
    packed = draft / "images.tar"
    archive.write(packed, images)
    with _containerd(root):
        tell("container images, unpacked")
        _unpack(root, packed)


def tell(what: str) -> None:
    """Say what is done next."""
    sys.stdout.write(f"I: {what}\n")
    sys.stdout.flush()


def _mount(draft: Path, base: Path) -> Path:
    layer, work, root = (draft / name for name in (LAYER, "work", "root"))
    for place in (layer, work, root):
        place.mkdir()
    run(
        "mount",
        "-t",
        "overlay",
        "overlay",
        "-o",
        f"lowerdir={base},upperdir={layer},workdir={work}",
        str(root),
    )
    run("mount", "--bind", "/dev", f"{root}/dev")
    run("mount", "-t", "proc", "proc", f"{root}/proc")
    run("mount", "--rbind", "/sys", f"{root}/sys")
    for folder in FORGOTTEN:
        (root / folder).mkdir(parents=True, exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", f"{root}/{folder}")
    (root / "var/cache/apt/archives/partial").mkdir(parents=True)
    # Where the link /etc/resolv.conf of an instance leads to.
    resolver = root / "run/systemd/resolve/stub-resolv.conf"
    resolver.parent.mkdir(parents=True)
    resolver.write_text(Path("/etc/resolv.conf").read_text())
    return root


def _packages(root: Path) -> None:
    options = root / "tmp/apt.conf"
    options.write_text("".join(f"{line}\n" for line in settings()))
    apt = (
        "chroot",
        str(root),
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "APT_CONFIG=/tmp/apt.conf",
        "apt-get",
        "--quiet",
    )
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
            deadline = time.monotonic() + START_SECONDS
            while not _answers(root):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise LabError(f"containerd did not start:\n{log.read_text()[-2000:]}")
                time.sleep(POLL)
            yield
        finally:
            process.terminate()


def _unpack(root: Path, packed: Path) -> None:
    argv = [
        "chroot",
        str(root),
        "ctr",
        "--namespace=k8s.io",
        "images",
        "import",
        "--local",
        "--snapshotter=native",
        "-",
    ]
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
    """The exit code; the words are for whoever started it."""
    draft, base, programs, certificate = map(Path, sys.argv[1:])
    os.umask(0o022)
    try:
        fill(draft, base, programs, certificate)
    except LabError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
