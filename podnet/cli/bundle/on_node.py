"""What runs on a node that is asked for a bundle: it collects, takes out secrets, and prints.

Standard library, and modules of podnet that use nothing else. What it prints stays in the account
for a while, readable by others, so no secret that can be found leaves the node.
"""

from __future__ import annotations

import base64
import json
import lzma
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from podnet.bundle.ena import COUNTERS, allowances
from podnet.bundle.node_files import COMMANDS, CONFLISTS, FILES
from podnet.bundle.redaction import Redactor

MODULES = (
    "podnet/__init__.py",
    "podnet/bundle/__init__.py",
    "podnet/bundle/ena.py",
    "podnet/bundle/node_files.py",
    "podnet/bundle/patterns.py",
    "podnet/bundle/redaction.py",
    "podnet/cli/__init__.py",
    "podnet/cli/bundle/__init__.py",
    "podnet/cli/bundle/on_node.py",
)
"""What the node imports, all of it; a test runs the file without anything else."""
START = "from podnet.cli.bundle.on_node import main\nmain()\n"
MOST = 23_000
"""Characters that are printed: Run Command returns 24,000."""
MOST_BYTES = 256 * 1024
"""Of one file; of a longer one the end is kept."""
SECONDS = 10
"""For one command."""
JOURNAL, ALLOWANCES = "journal.txt", "allowances.json"
LINES = 3000
PODNETS_JOURNAL = (
    *("journalctl", "--boot", "--no-pager", f"--lines={LINES}", "--output=short-iso"),
    "--unit=podnet-*",
)
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 20}]
"""As long a memory of what came before as such texts need: a small instance has little of its own.
"""
LEFT_OUT = ("cloud-init.log", "cloud-init-output.log")
"""Logs of the boot, which are too long: the console of the instance has their end."""

Run = Callable[[tuple[str, ...]], str]
"""Runs a command; raises `LookupError` where that fails."""


def main() -> None:
    """Print what the node shows."""
    sys.stdout.write(pack(collect(Path("/"), run)) + "\n")


def run(argv: tuple[str, ...]) -> str:
    """What a command prints."""
    try:
        done = subprocess.run(  # noqa: S603  # of a fixed table
            argv, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise LookupError(f"`{shlex.join(argv)}` cannot run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise LookupError(f"`{shlex.join(argv)}` did not end in {SECONDS} s") from error
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace").strip() or "no output"
        raise LookupError(f"`{shlex.join(argv)}` ended with {done.returncode}: {said}")
    return done.stdout.decode(errors="replace")


class Collected:
    """The files of a node, without secrets, and why there are no others."""

    def __init__(self) -> None:
        self.redactor = Redactor()
        self.files: dict[str, str] = {}
        self.missing: dict[str, str] = {}

    def attempt(self, name: str, get: Callable[[], str]) -> None:
        """Add what a call returns, or the reason for which it fails."""
        try:
            self.files[name] = self.redactor.document(get())
        except Exception as error:  # noqa: BLE001  # whatever is broken must not stop the others
            self.missing[name] = self.redactor.text(f"{type(error).__name__}: {error}")

    def leave_out(self, name: str) -> None:
        """Take a file out again."""
        size = len(self.files.pop(name))
        self.missing[name] = f"its {size} characters are left out: {MOST} are all that is printed"

    def packed(self) -> str:
        """All of it as one line of text."""
        removed = dict(self.redactor.removed)
        said = {"files": self.files, "missing": self.missing, "removed": removed}
        data = json.dumps(said, separators=(",", ":")).encode()
        return base64.b64encode(lzma.compress(data, filters=FILTERS)).decode()


def collect(root: Path, run: Run) -> Collected:
    """Everything of a node whose files are below `root`."""
    found = Collected()
    for name, _, path in FILES:
        if name not in LEFT_OUT:
            found.attempt(name, partial(_end, root / path))
    for file in sorted((root / CONFLISTS).glob("*.conflist")):
        found.attempt(file.name, partial(_end, file))
    for name, _, argv in COMMANDS:
        asked = PODNETS_JOURNAL if name == JOURNAL else argv
        found.attempt(name, partial(run, asked))
    found.attempt(ALLOWANCES, lambda: json.dumps(_allowances(root, run)))
    return found


def pack(found: Collected) -> str:
    """What is printed: the oldest lines of the journal are cut until it fits, then the largest."""
    if len(text := found.packed()) <= MOST:
        return text
    _cut_journal(found)
    while len(text := found.packed()) > MOST and found.files:
        found.leave_out(max(found.files, key=lambda name: len(found.files[name])))
    return text


def _cut_journal(found: Collected) -> None:
    """Keep as many of the last lines as fit."""
    lines = found.files.get(JOURNAL, "").splitlines(keepends=True)
    fits, too_many = 0, len(lines)
    while too_many - fits > 1:
        kept = (fits + too_many) // 2
        _keep(found, lines, kept)
        if len(found.packed()) <= MOST:
            fits = kept
        else:
            too_many = kept
    _keep(found, lines, fits)


def _keep(found: Collected, lines: list[str], kept: int) -> None:
    found.files[JOURNAL] = "".join(lines[len(lines) - kept :])
    found.missing[JOURNAL] = (
        f"the first {len(lines) - kept} of its last {len(lines)} lines are cut: {MOST} characters "
        "are all that is printed"
    )


def _end(file: Path) -> str:
    """The end of a file: of a log that is long, the newest."""
    if file.is_symlink():
        raise OSError(f"{file} is a link, which is not followed")
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(max(0, size - MOST_BYTES))
        data = opened.read(MOST_BYTES)
    # From a whole line on, so that no secret begins before what is seen.
    return (data.partition(b"\n")[2] if size > MOST_BYTES else data).decode(errors="replace")


def _allowances(root: Path, run: Run) -> object:
    """The counters of each link whose driver is ENA's."""
    own = list(_links_of_ena(root / "sys/class/net"))
    if not own:
        raise LookupError("no link has the driver ena, which counts them")
    found = {name: allowances(run(("ethtool", "-S", name))) for name in own}
    return {"links": found, "meaning": COUNTERS}


def _links_of_ena(links: Path) -> Iterator[str]:
    for link in sorted(links.iterdir()):
        driver = link / "device/driver"
        if driver.is_symlink() and driver.readlink().name == "ena":
            yield link.name
