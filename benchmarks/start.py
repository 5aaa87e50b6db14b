"""Measures the processor time that a command needs before it does anything.

Run anywhere: `python benchmarks/start.py [ROUNDS]`. Each command runs for a lab that does not
exist, and so ends after its imports. Prints seconds, and the ratio to Python's own start within the
same run, which the load of the machine hardly changes; exits with 1 if a limit is exceeded.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
ROUNDS = 7
BASE = "python"
FLOORS = {
    BASE: "pass",
    "click": "import click",
    "click, and tables": "import click, rich.console, rich.table",
}
"""Commands cannot be faster than what they are written with."""
COMMANDS = ("--help", "status", "exec node-1 true", "pod rm pod-1a", "matrix", "stack")
LIMIT = 14.0
"""The ratio to Python's own start."""


def main(rounds: int) -> int:
    """Measure every case in turn, as often as there are rounds, and print the results."""
    with tempfile.TemporaryDirectory() as folder:
        lab = ("-m", "podnet.cli", "--lab", f"{folder}/none")
        cases: dict[str, tuple[str, ...]] = {name: ("-c", code) for name, code in FLOORS.items()}
        cases |= {f"podnet {words}": (*lab, *words.split()) for words in COMMANDS}
        # The first run writes the bytecode.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        runs = [
            {name: seconds(argv, environment) for name, argv in cases.items()}
            for _ in range(rounds + 1)
        ][1:]
    print(f"{rounds} rounds, {os.cpu_count()} cores; least processor time, ratio to {BASE}")
    least = {name: min(run[name] for run in runs) for name in cases}
    for name, each in least.items():
        print(f"{name:28} {each:.3f} s, {each / least[BASE]:.1f} x {BASE}")
    slowest = max(least[f"podnet {words}"] for words in COMMANDS) / least[BASE]
    print(f"slowest command {slowest:.1f} x {BASE}, limit {LIMIT}")
    return 0 if slowest < LIMIT else 1


def seconds(argv: tuple[str, ...], environment: dict[str, str]) -> float:
    """The processor time of a Python process, in user and kernel mode."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *argv], cwd=PROJECT, env=environment, check=False, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS))
