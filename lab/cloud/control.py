"""Starting and ending the cloud of a lab, from any process, whatever state it was left in."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from lab.errors import LabError
from lab.fabric import Fabric
from lab.home import PROJECT, Home
from lab.image import ensure
from lab.instances.cgroups import Cgroups

START_SECONDS = 60
END_SECONDS = 10
SETTLE_SECONDS = 30
POLL = 0.05
TAIL = 20
CGROUP_MEMBER = "cloud"


class Files:
    """The files by which a cloud and those who control it know of each other."""

    def __init__(self, home: Home) -> None:
        self.life = home.directory / "cloud.pid"
        """Locked by the cloud while it lives; holds its process id."""
        self.control = home.directory / "control.lock"
        """Locked by whoever starts or ends the cloud."""
        self.endpoint = home.directory / "endpoint"
        self.log = home.directory / "cloud.log"
        self.status = home.directory / "status.json"


def cgroups(home: Home) -> Cgroups:
    """The control groups of this lab."""
    return Cgroups(f"lab-{home.lab}")


def start(home: Home, port: int = 0) -> str:
    """The endpoint of the lab's API, started if it is not running.

    What a crashed cloud left behind is cleared first. Raises `LabError` with the end of the log.
    """
    with _alone(home):
        if endpoint := running(home):
            return endpoint
        _end(home)
        ensure(home.image)
        life = _spawn(home, port)
        try:
            return _await(home, life)
        except LabError:
            _end(home)
            raise
        finally:
            os.close(life)


def running(home: Home) -> str | None:
    """The endpoint of the lab's API; None where no cloud runs, or none is ready yet."""
    files = Files(home)
    if _pid(files.life) is None:
        return None
    try:
        return files.endpoint.read_text()
    except FileNotFoundError:
        return None


def settle(home: Home) -> dict[str, Any]:
    """Wait until all that was changed through the API until now shows; returns the status."""
    endpoint = running(home)
    if endpoint is None:
        raise LabError(f"no cloud runs in {home.directory}")
    with urlopen(f"{endpoint}/lab/settled", timeout=SETTLE_SECONDS) as answer:  # noqa: S310  # http
        status: dict[str, Any] = json.load(answer)
    if status["error"] or not status["settled"]:
        raise LabError(
            f"the lab does not follow its API: {status['error'] or 'it is too slow'}; "
            f"see {Files(home).log}"
        )
    return status


def stop(home: Home) -> None:
    """End the cloud with its instances and networks; logs stay."""
    if home.directory.exists():
        with _alone(home):
            _end(home)


def down(home: Home) -> None:
    """End everything of the lab, also what a crash left, and remove its directory."""
    if home.directory.exists():
        with _alone(home):
            _end(home)
            shutil.rmtree(home.directory)


def _spawn(home: Home, port: int) -> int:
    """Start the process; returns the end of a pipe that reads as closed when it is no more."""
    reader, writer = os.pipe()
    with Files(home).log.open("w") as log:
        # The fork makes it nobody's child, so that whoever starts it need not wait for its end.
        subprocess.run(
            [
                "setsid",
                "--fork",
                sys.executable,
                "-m",
                "lab.cloud",
                "--home",
                str(home.directory.resolve()),
                "--port",
                str(port),
            ],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[writer],
            check=True,
        )
    os.close(writer)
    return reader


def _await(home: Home, life: int) -> str:
    deadline = time.monotonic() + START_SECONDS
    while not (endpoint := running(home)):
        ended = bool(select.select([life], [], [], POLL)[0])
        if ended or time.monotonic() > deadline:
            what = "ended" if ended else f"is not ready after {START_SECONDS} s"
            log = Files(home).log
            raise LabError(f"the lab's cloud {what}; the end of {log}:\n{_tail(log)}")
    return endpoint


def _end(home: Home) -> None:
    files = Files(home)
    pid = _pid(files.life)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + END_SECONDS
        while _pid(files.life) is not None and time.monotonic() < deadline:
            time.sleep(POLL)
    cgroups(home).end()
    Fabric(home).destroy()
    if home.instances.exists():
        subprocess.run(["rm", "-rf", "--one-file-system", str(home.instances)], check=True)
    for file in (files.endpoint, files.status, files.life):
        file.unlink(missing_ok=True)


def _pid(life: Path) -> int | None:
    """Process id of the cloud that holds this file; None where none does."""
    try:
        with life.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        text = life.read_text().strip()
        return int(text) if text else None
    return None


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    path = Files(home).control
    while True:
        home.directory.mkdir(parents=True, exist_ok=True)
        with path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Whoever held it before may have removed the whole directory.
            if path.exists() and os.path.samestat(path.stat(), os.fstat(lock.fileno())):
                yield
                return


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-TAIL:]) or "(empty)"
