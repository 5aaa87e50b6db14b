"""The image of a node that is part of a cluster: a layer over the image of every instance."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from podnet.cluster.workload import IMAGE as PYTHON_IMAGE
from podnet.errors import UserError
from podnet.lab.home import PROJECT
from podnet.lab.host import certificates as authority
from podnet.lab.host.bound import bound
from podnet.lab.host.build_once import Product, build_once, remove
from podnet.lab.images import debian as base
from podnet.lab.images import programs as build
from podnet.lab.images.kubernetes.layer import FILES, LAYER, PACKAGES
from podnet.lab.images.root import Root
from podnet.plan import flannel, kube_router

FOLDER = Path(__file__).parent
NEEDED_MEGABYTES = 3000
TAIL = 15


class KubernetesImageError(UserError):
    """The image could not be built; nothing of it is left."""


def ensure(directory: Path, on_progress: Callable[[str], None] = lambda _: None) -> Root:
    """The root of this image, built in `directory` if it is missing."""
    under = base.ensure(directory, on_progress)
    programs = build.ensure(directory, on_progress)
    routers = build.ensure(directory, on_progress, build.KUBE_ROUTER, "kube-router")
    certificate = authority.ensure(directory).certificate
    product = Product(
        label="the Kubernetes image", needed_megabytes=NEEDED_MEGABYTES, error=KubernetesImageError
    )
    place = build_once(
        _place(directory),
        product,
        lambda draft: _build(draft, (under, programs, routers, certificate), on_progress),
        on_progress,
    )
    return _root(place, under)


def find(directory: Path) -> Root | None:
    """The root of this image; None where it has not been built."""
    place, under = _place(directory), directory / base.recipe() / "root"
    return _root(place, under) if place.is_dir() and under.is_dir() else None


def recipe(directory: Path) -> str:
    """Sixteen digits that change with anything that decides what is in the image."""
    certificate = authority.ensure(directory).certificate.read_text()
    parts: list[object] = [
        base.recipe(),
        build.recipe(),
        build.recipe(build.KUBE_ROUTER),
        PACKAGES,
        flannel.IMAGE,
        flannel.PLUGIN_IMAGE,
        kube_router.LAB_IMAGE,
        PYTHON_IMAGE,
        certificate,
    ]
    files = sorted(file for file in FILES.rglob("*") if file.is_file())
    parts += [
        (str(file.relative_to(FILES)), file.stat().st_mode, file.read_text()) for file in files
    ]
    parts += [file.read_text() for file in sorted(FOLDER.glob("*.py")) if file != Path(__file__)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _place(directory: Path) -> Path:
    return directory / "kubernetes" / recipe(directory)


def _root(place: Path, under: Path) -> Root:
    return Root(layers=(place / LAYER, under), kubelet=True)


def _build(draft: Path, parts: tuple[Path, ...], on_progress: Callable[[str], None]) -> None:
    begun = time.monotonic()
    on_progress("building the Kubernetes image")
    module = (sys.executable, "-m", "podnet.lab.images.kubernetes.layer")
    argv = bound(*module, *(str(path.resolve()) for path in (draft, *parts)))
    output: list[str] = []
    with subprocess.Popen(
        argv,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout  # noqa: S101  # it is a pipe
        try:
            for line in map(str.rstrip, process.stdout):
                if line.startswith("I: "):
                    on_progress(line[3:])
                elif line:
                    output.append(line)
        finally:
            process.kill()  # only an interruption finds it still at work
    if process.returncode:
        tail = "\n".join(f"  {line}" for line in output[-TAIL:])
        raise KubernetesImageError(
            f"the Kubernetes image could not be built:\n{tail}",
            rule="kubernetes-image-build-failed",
        )
    for rest in draft.iterdir():
        if rest.name != LAYER:
            remove(rest)
    on_progress(f"Kubernetes image built in {time.monotonic() - begun:.0f} s")
