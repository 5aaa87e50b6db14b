"""Directories that are built once, by whoever asks first, and are either whole or not there."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

Note = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """What is built."""

    what: str
    """As it is called in sentences, with its article."""
    needed_megabytes: int
    """On the disk, while it is built."""
    error: type[LabError]


def once(place: Path, product: Product, build: Callable[[Path], None], on_progress: Note) -> Path:
    """The directory `place`; `build` fills a draft of it if it is not there."""
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
                    f"{product.what} in {directory} could not be built: {error}"
                ) from error
            raise
    return place


def remove(path: Path) -> None:
    """Remove a directory, but nothing that is mounted in it."""
    subprocess.run(["rm", "-rf", "--one-file-system", str(path)], check=True)


def free_megabytes(directory: Path) -> int:
    """What is left on the disk that holds this directory."""
    return shutil.disk_usage(directory).free >> 20


def _check_space(directory: Path, product: Product) -> None:
    free = free_megabytes(directory)
    if free < product.needed_megabytes:
        raise product.error(
            f"{directory} has {free} MB free, and building {product.what} needs "
            f"{product.needed_megabytes} MB; make room and try again"
        )


@contextmanager
def _alone(directory: Path, product: Product, on_progress: Note) -> Iterator[None]:
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_progress(f"waiting for another process that builds {product.what}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
