"""What an instance wrote to its console, as GetConsoleOutput answers it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable

MOST_BYTES = 64 * 1024
"""The newest output that EC2 keeps (EC2 API Reference, GetConsoleOutput)."""

Consoles = Callable[[str], bytes]
"""All that an instance wrote, by its id."""


def nothing(_: str) -> bytes:
    """The console of a machine that nobody boots."""
    return b""


def fill(answer: bytes, written: bytes) -> bytes:
    """Moto's answer with what the instance wrote in the place of moto's own sample."""
    newest = b64encode(written[-MOST_BYTES:])
    return re.sub(rb"(?<=<output>).*?(?=</output>)", newest, answer, flags=re.DOTALL)
