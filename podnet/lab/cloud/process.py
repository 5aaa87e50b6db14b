"""The process that is a lab's cloud, as its files show it."""

from __future__ import annotations

import fcntl

from podnet.lab.home import Home


def running(home: Home) -> str | None:
    """The endpoint of the lab's API; None where no cloud runs, or none is ready yet."""
    if pid(home) is None:
        return None
    try:
        return home.cloud_endpoint.read_text()
    except FileNotFoundError:
        return None


def pid(home: Home) -> int | None:
    """The id of the process that is the lab's cloud; None where none runs."""
    life = home.cloud_pid
    try:
        with life.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        text = life.read_text().strip()
        return int(text) if text else None
    return None
