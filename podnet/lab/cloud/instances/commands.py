"""Runs scripts in instances, as the agent of Systems Manager does: by `sh`, as root."""

from __future__ import annotations

import subprocess
from pathlib import Path

from podnet.lab.host.confinement import confined

TIMED_OUT, KILLED = 124, 137
"""Exit codes of timeout(1)."""
GRACE = 10


def execute(
    instances: Path, instance_id: str, script: str, seconds: float
) -> tuple[int | None, str, str]:
    """Exit code, standard output and error of a script; None in place of a code that came too late.

    Raises `LookupError` where the instance has no process.
    """
    try:
        pid = int((instances / instance_id / "pid").read_text())
        Path(f"/proc/{pid}").stat()
    except (FileNotFoundError, ValueError):
        raise LookupError(instance_id) from None
    limited = ("timeout", "--kill-after=1", f"{seconds}", "sh", "-s")
    argv = confined("nsenter", "--target", str(pid), "--all", "--", *limited)
    try:
        done = subprocess.run(
            argv,
            input=script,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + GRACE,
        )
    except subprocess.TimeoutExpired:
        return None, "", ""
    if done.returncode in (TIMED_OUT, KILLED):
        return None, done.stdout, done.stderr
    return done.returncode, done.stdout, done.stderr
