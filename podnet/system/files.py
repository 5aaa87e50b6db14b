"""Files that others read while they are written."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_atomically(path: Path, text: str, mode: int = 0o644, *, durably: bool = False) -> None:
    """Write a whole file, so that a reader sees the old text or the new, and never a part.

    The directory must exist. A failed write leaves the old file and nothing beside it. Without
    `durably`, a power cut may undo it.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            if durably:
                file.flush()
                os.fsync(descriptor)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durably:
        _sync(path.parent)


def _sync(directory: Path) -> None:
    """Put the names in a directory on the disk (fsync(2), "the entry in the directory")."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
