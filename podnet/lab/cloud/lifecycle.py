"""Starts and ends the cloud of a lab, from any process, whatever state it was left in."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

from podnet.errors import UserError
from podnet.lab.cloud import process
from podnet.lab.cloud.fabric import Fabric
from podnet.lab.cloud.instances.cgroups import Cgroups
from podnet.lab.home import Home
from podnet.lab.host import background
from podnet.lab.images.debian import ensure
from podnet.system.waiting import wait_until

START_SECONDS = 60
END_SECONDS = 10
APPLY_SECONDS = 30
POLL = 0.05
TAIL = 20
CGROUP_MEMBER = "cloud"


def cgroups(home: Home) -> Cgroups:
    """The control groups of this lab."""
    return Cgroups(f"lab-{home.id}")


def start(home: Home, port: int = 0) -> str:
    """The endpoint of the lab's API, started if it is not running.

    What a crashed cloud left behind is cleared first, with the states of what was deployed to it.
    Raises `UserError` with the end of the log.
    """
    with _locked(home):
        if endpoint := process.running(home):
            return endpoint
        _end(home)
        _forget(home)
        ensure(home.image)
        life = _spawn(home, port)
        try:
            return _await(home, life)
        except UserError:
            _end(home)
            raise
        finally:
            os.close(life)


def wait_until_applied(home: Home) -> dict[str, Any]:
    """Wait until the lab shows all changes made through its API so far; returns the status."""
    endpoint = process.running(home)
    if endpoint is None:
        raise UserError(f"no cloud runs in {home.directory}", rule="cloud-not-running")
    with urlopen(f"{endpoint}/lab/applied", timeout=APPLY_SECONDS * home.patience) as answer:  # noqa: S310  # http
        status: dict[str, Any] = json.load(answer)
    if status["error"] or not status["current"]:
        raise UserError(
            f"the lab does not follow its API: {status['error'] or 'it is too slow'}; "
            f"see {home.cloud_log}",
            rule="api-not-applied",
        )
    return status


def stop(home: Home) -> None:
    """End the cloud with its instances and networks; logs stay."""
    if home.directory.exists():
        with _locked(home):
            _end(home)


def down(home: Home) -> None:
    """End everything of the lab, also what a crash left, and remove its directory."""
    if home.directory.exists():
        with _locked(home):
            _end(home)
            # First, so that a removal which is killed leaves nothing that describes resources.
            _forget(home)
            shutil.rmtree(home.directory)


def _spawn(home: Home, port: int) -> int:
    options = ["--home", str(home.directory.resolve()), "--port", str(port)]
    return background.start([sys.executable, "-m", "podnet.lab.cloud", *options], home.cloud_log)


def _await(home: Home, life: int) -> str:
    limit = START_SECONDS * home.patience
    deadline = time.monotonic() + limit
    while not (endpoint := process.running(home)):
        ended = background.ends_within(life, POLL)
        if ended or time.monotonic() > deadline:
            state = "ended" if ended else f"is not ready after {limit} s"
            log = home.cloud_log
            raise UserError(
                f"the lab's cloud {state}; the end of {log}:\n{background.tail(log, TAIL)}",
                rule="cloud-starts",
            )
    return endpoint


def _end(home: Home) -> None:
    pid = process.pid(home)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: process.pid(home) is None, END_SECONDS, POLL)
    cgroups(home).end()
    Fabric(home).destroy()
    if home.instances.exists():
        subprocess.run(["rm", "-rf", "--one-file-system", str(home.instances)], check=True)
    for file in (home.cloud_endpoint, home.cloud_status, home.cloud_pid):
        file.unlink(missing_ok=True)


def _forget(home: Home) -> None:
    """Remove what describes the resources of a cloud that is gone."""
    for place in home.deployments:
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


@contextmanager
def _locked(home: Home) -> Iterator[None]:
    path = home.cloud_lock
    while True:
        home.directory.mkdir(parents=True, exist_ok=True)
        with path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Whoever held it before may have removed the whole directory.
            if path.exists() and os.path.samestat(path.stat(), os.fstat(lock.fileno())):
                yield
                return
