"""Where one lab keeps its files, and the name that sets its namespaces apart from other labs'."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Home:
    """The directory of one lab; everything in it goes with `podnet down`."""

    directory: Path
    lab: str
    """Six hexadecimal digits, part of the name of everything the lab makes."""

    @classmethod
    def open(cls, directory: Path = PROJECT / ".lab") -> Home:
        """The lab of this directory; its name is drawn, and kept, the first time."""
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / "lab.json"
        if not file.exists():
            draft = directory / f"lab.json.{secrets.token_hex(3)}"
            draft.write_text(json.dumps({"lab": secrets.token_hex(3)}))
            with suppress(FileExistsError):  # exactly one of several first openers wins
                file.hardlink_to(draft)
            draft.unlink()
        return cls(directory, json.loads(file.read_text())["lab"])

    def namespace(self, role: str) -> str:
        """Name of the network namespace with this role."""
        return f"lab-{role}-{self.lab}"

    @property
    def fabric(self) -> str:
        """What the subnets of this lab are: `vpc`, or `switch` for plain learning switches."""
        file = self.directory / "fabric"
        return file.read_text() if file.exists() else "vpc"

    @property
    def instances(self) -> Path:
        """One folder an instance: its disk and, while it runs, the file `pid`."""
        return self.directory / "instances"

    @property
    def image(self) -> Path:
        """The root file system every instance starts from; kept by `podnet down`."""
        return PROJECT / ".image"
