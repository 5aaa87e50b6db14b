"""Where a command of a lab runs: here, or in the lab's virtual machine. Pure decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.machine.kernels.kernel import Kind

OPTION = "--kernel"
READ_ALONE = ("--live", "--file", "--plan", "--help")
"""Options of commands that then ask no lab."""
CONFIG = ("--config", "-c")
OUTPUT = ("--output", "-o", "--save")
"""Options whose values are files that a command writes."""
INPUT = ("exec", "kubectl", "pod", "switch")
"""Commands that read standard input, or may start one that does."""
DEPLOYING = ("up", "refresh", "destroy", "switch", "roll", "drill")
"""Commands of which a lab carries out one at a time."""
HERE = ("down",)


class Where(StrEnum):
    """Where a command runs."""

    HERE = "here"
    THERE = "there"
    BOOT = "boot"
    """In the virtual machine, which is started first where it does not run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forwarded:
    """A command as it is run in the virtual machine."""

    words: list[str]
    outputs: dict[str, Path] = field(default_factory=dict)
    """Where files belong that the command writes into its own folder, by their names there."""


def where(name: str, words: Sequence[str], *, declared: Kind | None, in_use: bool) -> Where:
    """Where the command `name` with these words runs.

    `declared` is the kernel of this lab's virtual machine, `in_use` says that it runs on this
    machine's kernel. Raises `UserError` where the words ask for the other one.
    """
    options = _before_separator(words)
    wanted = _value(options, OPTION) if name == "up" else None
    has = declared or Kind.MACHINE
    if wanted in {*Kind} and wanted != has and (declared or in_use):
        raise UserError(
            f"--kernel {wanted}: this lab runs on the kernel `{has}` already, and all that it "
            "holds is there; `podnet down` first, or another --lab",
            rule="kernel-fixed",
        )
    if name in HERE or any(word.partition("=")[0] in READ_ALONE for word in options):
        return Where.HERE
    if name == "drill" and words[:1] == ["api"] and declared:
        raise UserError(
            "podnet drill api makes a lab of its own beside this one, for which the virtual "
            "machine of this lab has no place; run it with a --lab on this machine's own kernel",
            rule="drill-api-in-machine",
        )
    if name == "up" and (declared or wanted in {Kind.DEBIAN, Kind.USER_MODE}):
        return Where.BOOT
    return Where.THERE if declared else Where.HERE


def forwarded(name: str, words: Sequence[str], here: Path) -> Forwarded:
    """The command for the virtual machine; `here` is the current folder of this one.

    Its current folder there is one of its own, so files that it writes get no other folder.
    """
    options, rest = _before_separator(words), list(words[len(_before_separator(words)) :])
    if name == "up":
        options = _without(options, OPTION)
    outputs: dict[str, Path] = {}
    if name not in INPUT:  # their words are those of other programs
        options = _renamed(options, here, outputs)
    return Forwarded(words=[name, *options, *rest], outputs=outputs)


def kernel(words: Sequence[str]) -> Kind | None:
    """The kernel that the words of an `up` name."""
    value = _value(_before_separator(words), OPTION)
    return Kind(value) if value else None


def deployed(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The stack that the words of an `up` name, and the settings that they give."""
    options = _before_separator(words)
    settings: list[str] = []
    for position, word in enumerate(options):
        name, equals, value = word.partition("=")
        if word in CONFIG and position + 1 < len(options):
            settings.append(options[position + 1])
        elif equals and name in CONFIG:
            settings.append(value)
    return _value(options, "--stack"), settings


def _before_separator(words: Sequence[str]) -> list[str]:
    """The words up to `--`, after which they are another program's."""
    found = list(words)
    return found[: found.index("--")] if "--" in found else found


def _value(options: Sequence[str], option: str) -> str | None:
    for position, word in enumerate(options):
        name, equals, value = word.partition("=")
        if name == option:
            following = options[position + 1] if position + 1 < len(options) else None
            return value if equals else following
    return None


def _without(options: Sequence[str], option: str) -> list[str]:
    found, left = [], iter(options)
    for word in left:
        if word == option:
            next(left, None)
        elif word.partition("=")[0] != option:
            found.append(word)
    return found


def _renamed(options: Sequence[str], here: Path, outputs: dict[str, Path]) -> list[str]:
    found: list[str] = []
    for position, word in enumerate(options):
        name, equals, value = word.partition("=")
        if equals and name in OUTPUT:
            found.append(f"{name}={_named(value, here, outputs)}")
        elif position and options[position - 1] in OUTPUT:
            found.append(_named(word, here, outputs))
        else:
            found.append(word)
    return found


def _named(value: str, here: Path, outputs: dict[str, Path]) -> str:
    """The name of an output in the command's own folder."""
    place = here / value
    if not value or place.is_dir() or not place.parent.is_dir():
        raise UserError(
            f"{value or 'an empty name'} cannot be written; name a file in a folder that is there",
            rule="output-not-a-file",
        )
    outputs[place.name] = place
    return place.name
