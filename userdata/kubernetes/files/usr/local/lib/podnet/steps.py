"""Things that are done over and over until they work, and what is said of them."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

TROUBLES = (OSError, LookupError, ValueError, subprocess.SubprocessError)


class Steps:
    """Does one thing a step; says once what is wrong, and when it no longer is."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}

    def step(self, name: str, keep: Callable[[], str]) -> bool:
        """Do it and say what it changed; true if it worked."""
        change = problem = ""
        try:
            change = keep()
        except TROUBLES as error:
            problem = str(error)
        if problem != self.said.get(name, ""):
            print(f"{name}: {problem or 'works again'}", flush=True)
        self.said[name] = problem
        if change:
            print(f"{name}: {change}", flush=True)
        return not problem


def show(*argv: str) -> tuple[int, str]:
    """Run a command that takes long; says line by line what it says, and returns all of it."""
    lines = []
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    return process.returncode, "".join(lines)


def listed(text: str) -> list[dict[str, Any]]:
    """The items of a list as kubectl gives it in JSON."""
    items: list[dict[str, Any]] = json.loads(text)["items"]
    return items
