"""The file that a command writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podnet.errors import UserError


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Let a file that cannot be written end the command with a sentence."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror}); name a file in a folder that is there, "
            "by --output",
            rule="output-unwritable",
        ) from error
