"""Reads the file of a preview; `-` stands for standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from podnet.errors import UserError
from podnet.verify import plan_file
from podnet.verify.subject import Subject

STANDARD_INPUT = Path("-")


def planned(file: Path) -> Subject:
    """The stack in the plan of a preview; raises `UserError` where it cannot be read."""
    if file == STANDARD_INPUT:
        return plan_file.subject(_text(sys.stdin.buffer.read(), "standard input"), "standard input")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(
            f"{file} cannot be read ({error.strerror}); name a file that "
            "`pulumi preview --json --show-sames` wrote",
            rule="plan-unreadable",
        ) from error
    return plan_file.subject(_text(content, str(file)), str(file))


def _text(content: bytes, origin: str) -> str:
    try:
        # PowerShell writes a byte order mark where output is redirected.
        return content.decode(
            "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        )
    except UnicodeDecodeError as error:
        raise UserError(
            f"{origin} is no text ({error.reason} at byte {error.start}); write it with "
            "`pulumi preview --json --show-sames`",
            rule="plan-not-text",
        ) from error
