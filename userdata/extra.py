"""Merges `extraUserData` into podnet's part of the user data: always after it.

So podnet's files are written and its units started whatever becomes of the others.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from podnet.userdata.stripping import uncommented

FIRST = Path(__file__).resolve().parent / "extra.sh"
LAST = "trap - EXIT; exit $podnet_failed"
LONGEST_NAME = 40
NEVER_PLAIN = re.compile(
    "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""What YAML takes in no text, or for the end of a line (YAML 1.1, sections 5.1 and 5.4)."""


def parts(extra: Mapping[str, Any]) -> tuple[str, str, str]:
    """What follows podnet's files, its commands and its other keys, as lines of cloud-config."""
    others = {key: extra[key] for key in extra if key not in ("write_files", "runcmd")}
    commands = [*_commands(extra["runcmd"])] if extra.get("runcmd") else []
    return (
        "".join(f"- {yaml(file)}\n" for file in extra.get("write_files", ())),
        "".join(f"- {yaml(command)}\n" for command in commands),
        "".join(f"{key}: {yaml(value)}\n" for key, value in sorted(others.items())),
    )


def yaml(value: object) -> str:
    """A value as YAML of one line: JSON, with what YAML takes by its number alone written so."""
    text = json.dumps(value, ensure_ascii=False)
    return NEVER_PLAIN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _commands(given: Sequence[str | Sequence[str]]) -> Iterator[str]:
    """The commands, each with its number and its first words for the report of its failure."""
    yield uncommented(FIRST.read_text())
    for number, command in enumerate(given, 1):
        text = command if isinstance(command, str) else shlex.join(command)
        name = f"{number} of extraUserData, {text.strip().splitlines()[0][:LONGEST_NAME]},"
        yield f"podnet_at={shlex.quote(name)}\n{text}\npodnet_note $?"
    yield LAST
