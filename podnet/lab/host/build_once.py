"""Builds a directory once, by the first process that needs it; it is complete or missing."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from podnet.errors import UserError
from podnet.system.commands import run
from podnet.system.progress import Progress
from podnet.system.waiting import wait_until

REMOVE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """The thing to build, for messages and for the check of free space."""

    label: str
    """Its name in messages, with the article."""
    needed_megabytes: int
    """The free space that the build takes, in MiB."""
    error: type[UserError]


def build_once(
    place: Path, product: Product, build: Callable[[Path], None], on_progress: Progress
) -> Path:
    """The directory `place`; if it is missing, `build` fills a draft that is then renamed to it.

    Raises `product.error` where the disk is too full or cannot be written.
    """
    if place.is_dir():
        return place
    directory = place.parent
    directory.mkdir(parents=True, exist_ok=True)
    with _alone(directory, product, on_progress):
        if place.is_dir():
            return place
        for stale in directory.glob("*.draft"):
            remove(stale)
        _check_space(directory, product)
        draft = directory / f"{place.name}.draft"
        try:
            draft.mkdir()
            build(draft)
            draft.rename(place)
        except BaseException as error:
            remove(draft)
            if isinstance(error, OSError):
                raise product.error(
                    f"{product.label} in {directory} could not be built: {error}",
                    rule="build-not-written",
                ) from error
            raise
    return place


def remove(path: Path) -> None:
    """Remove a directory, but nothing that is mounted in it; raises `CommandError`.

    What a builder started may write for a moment after the builder was killed.
    """
    argv = ["rm", "-rf", "--one-file-system", str(path)]

    def removed() -> bool:
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0

    if not wait_until(removed, REMOVE_SECONDS):
        run(*argv)


def free_megabytes(directory: Path) -> int:
    """The free space of the disk that holds this directory, in MiB."""
    return shutil.disk_usage(directory).free >> 20


def _check_space(directory: Path, product: Product) -> None:
    free = free_megabytes(directory)
    if free < product.needed_megabytes:
        raise product.error(
            f"{directory} has {free} MB free, and building {product.label} needs "
            f"{product.needed_megabytes} MB; make room and try again",
            rule="build-disk-full",
        )


@contextmanager
def _alone(directory: Path, product: Product, on_progress: Progress) -> Iterator[None]:
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_progress(f"waiting for another process that builds {product.label}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
