"""Runs the release that this file belongs to, and goes back where that does not get ready.

A release is a folder, `podnet` a link to the one that runs, and what is in /etc is linked through
it, so that one rename changes all of it. A trial is written down before it begins: whoever finds it
after a cut ends it.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from metadata import MetadataService

AGENT = "podnet-agent.service"
BASE = "podnet-base"
FILES = "tags/instance/podnet:files"
PROBLEM = Path("/run/podnet-update/problem")
PERIOD = 5
TRIAL = 60
"""Seconds in which a release must get ready."""
STEADY = 5
"""Seconds for which the agent must then run: more than two polls."""
CRASHES = 3
CUTS = 2
"""After so many trials that were cut off, the release may be what cuts them off."""

Record = dict[str, Any]


class Updater:
    """The releases below a root."""

    def __init__(self, root: Path) -> None:
        self.etc = root / "etc"
        self.library = root / "usr/local/lib"
        self.state = root / "var/lib/podnet-update"
        self.current = self.library / "podnet"

    def run(self, name: str) -> str:
        """End what was cut off, and run a release; returns why it is refused."""
        if trial := self.note("trial"):
            self.end(trial)
        if self.note("refused").get("name") != name:
            if self.running == name:
                # Again, in case this was cut off.
                self.switch(name)
                systemctl("start", "--no-block", *units(self.library / name))
            else:
                self.change(name)
        refused = self.note("refused")
        return str(refused["reason"]) if refused.get("name") == name else ""

    @property
    def running(self) -> str:
        """The folder of the release that runs."""
        return self.current.readlink().name

    def change(self, name: str) -> None:
        """Run another release for good, or go back."""
        if not (self.library / self.running / "agent.py").exists():
            # There is nothing to go back to, and packages may take long.
            self.switch(name)
            systemctl("start", "--no-block", *units(self.library / name))
            return
        while "start-pre" in systemctl("show", "-PSubState", AGENT):
            # Packages are installed, which must not be cut off.
            time.sleep(1)
        self.end({"name": name, "before": self.running, "cuts": 0})

    def end(self, trial: Record) -> None:
        """Try a release, also again after a cut."""
        name, before = trial["name"], trial["before"]
        refused = self.note("refused")
        reason = refused["reason"] if refused.get("name") == name else ""
        if not reason:
            self.write("trial", {**trial, "cuts": trial["cuts"] + 1})
            reason = self.attempt(name, before, trial["cuts"])
        if reason:
            print(f"back from {name} to {before}: {reason}", flush=True)
            self.write("refused", {"name": name, "reason": reason})
            self.switch(before)
            systemctl("reset-failed", AGENT)
            systemctl("restart", "--no-block", AGENT)
        elif others := [unit for unit in units(self.library / name) if unit != AGENT]:
            systemctl("restart", "--no-block", *others)
        self.write("trial", {})
        self.clean()

    def attempt(self, name: str, before: str, cuts: int) -> str:
        """Why a release is not to run."""
        if cuts == CUTS:
            return f"its trial was cut off {cuts} times"
        print(f"trying {name} in place of {before}", flush=True)
        self.switch(name)
        return why_not_ready()

    def switch(self, name: str) -> None:
        """Make a release the one that runs, with its files in /etc."""
        old, new = links(self.current), links(self.library / name)
        for path, target in new.items():
            link(self.etc / path, target)
        link(self.current, name)
        for path in old.keys() - new.keys():
            (self.etc / path).unlink(missing_ok=True)
        os.sync()
        systemctl("daemon-reload")

    def clean(self) -> None:
        """Remove the releases that neither run nor are wanted nor are the base."""
        kept = {BASE, self.running, Path(__file__).parent.name}
        for folder in self.library.glob("podnet-*/"):
            if folder.name not in kept:
                shutil.rmtree(folder)

    def note(self, name: str) -> Record:
        """A record; empty where there is none."""
        try:
            found: Record = json.loads((self.state / name).read_text())
        except FileNotFoundError:
            return {}
        return found

    def write(self, name: str, record: Record) -> None:
        """Replace a record."""
        draft = self.state / f"{name}.new"
        draft.write_text(json.dumps(record))
        os.sync()
        draft.replace(self.state / name)


def links(folder: Path) -> dict[str, str]:
    """The links below /etc to a release's files, by their path."""
    found = {
        (path := str(file.relative_to(folder / "etc"))): f"/usr/local/lib/podnet/etc/{path}"
        for file in folder.glob("etc/**/*")
        if file.is_file()
    }
    for unit in units(folder):
        # Not by `systemctl enable`, which would write the folder's own name.
        found[f"systemd/system/multi-user.target.wants/{unit}"] = f"../{unit}"
    return found


def units(folder: Path) -> list[str]:
    """The units of a release that are started."""
    file = folder / "units"
    return file.read_text().split() if file.exists() else []


def link(path: Path, target: str) -> None:
    """Make a link, in place of whatever is there."""
    if not path.is_symlink() or str(path.readlink()) != target:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.new")
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        draft.replace(path)


def systemctl(*argv: str, timeout: float = 90) -> str:
    """Its output; raises `OSError` with its errors, and `TimeoutExpired`."""
    done = subprocess.run(
        ("systemctl", *argv), capture_output=True, text=True, check=False, timeout=timeout
    )
    if done.returncode:
        raise OSError(f"`systemctl {' '.join(argv)}`: {done.stderr.strip()}")
    return done.stdout.strip()


def why_not_ready() -> str:
    """Restart the agent; why it does not get ready and stay so, or nothing."""
    end = time.monotonic() + TRIAL
    reasons: list[str] = []
    while len(reasons) < CRASHES and (left := end - time.monotonic()) > 0:
        try:
            systemctl("reset-failed", AGENT)
            systemctl("restart", AGENT, timeout=left)
        except subprocess.TimeoutExpired:
            break
        except OSError:
            reasons.append("its agent ends before it is ready")
            continue
        process = systemctl("show", "-PMainPID", AGENT)
        time.sleep(STEADY)
        if systemctl("show", "-PMainPID", AGENT) == process:
            return ""
        reasons.append("its agent ends after it is ready")
    return reasons[-1] if reasons else f"not ready in {TRIAL} s"


def main() -> None:
    """Run this release until the tag names another, which its own updater runs."""
    name = Path(__file__).resolve().parent.name
    refused = Updater(Path("/")).run(name)
    PROBLEM.write_text(f"{name} is refused: {refused}" if refused else "")
    service = MetadataService()
    wanted = name
    while wanted == name:
        time.sleep(PERIOD)
        try:
            wanted = f"podnet-{service.read(FILES)[:12]}"
        except (OSError, LookupError):
            # The agent names a service that fails.
            continue
    fetch = f"/usr/local/lib/{BASE}/fetch.py"
    os.execv(sys.executable, (sys.executable, "-B", fetch))  # noqa: S606  # no shell


if __name__ == "__main__":
    main()
