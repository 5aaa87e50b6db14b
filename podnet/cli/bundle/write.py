"""The file of a bundle while it is written, and what is said of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from podnet.bundle.addresses import Addresses
from podnet.bundle.archive import Archive
from podnet.bundle.redaction import Redactor


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What goes into a bundle, and where to."""

    output: Path
    capture_seconds: float = 0.0
    hide_public_addresses: bool = False
    nodes_by_ssm: bool = False
    """Whether Run Command asks the nodes of an account."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What a bundle has."""

    files: int
    removed: int
    missing: list[dict[str, str]]

    @classmethod
    def of(cls, archive: Archive, redactor: Redactor) -> Written:
        """The sums of an archive."""
        removed = sum(redactor.removed.values())
        return cls(files=len(archive.names), removed=removed, missing=archive.missing)


def root(stack: str) -> str:
    """The folder in which all files of the archive are."""
    return f"podnet-debug-{stack}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"


@contextmanager
def opened(
    output: Path, stack: str, redactor: Redactor, addresses: Addresses | None
) -> Iterator[Archive]:
    """The archive, which is there as a whole or not at all, and for its owner alone."""
    draft = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(descriptor, "wb") as file,
            Archive(file, root(stack), redactor, addresses) as archive,
        ):
            yield archive
        draft.replace(output)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
