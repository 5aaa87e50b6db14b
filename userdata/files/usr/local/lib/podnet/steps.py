"""Runs what is retried until it works."""

import subprocess
from collections.abc import Callable


class Steps:
    """Runs steps, which return what they changed, and logs each problem once."""

    def __init__(self) -> None:
        self.logged: dict[str, str] = {}
        self.changes: dict[str, str] = {}
        """What each step changed when it ran last, if it did."""

    def run(self, name: str, step: Callable[[], str]) -> bool:
        """Run a step; true if it worked."""
        change = problem = ""
        try:
            change = step()
        except (OSError, LookupError, ValueError, subprocess.SubprocessError) as error:
            problem = str(error)
        self.report(name, problem)
        self.changes.pop(name, None)
        if change:
            self.changes[name] = change
            print(f"{name}: {change}", flush=True)
        return not problem

    def report(self, name: str, problem: str, solved: str = "works again") -> None:
        """Log a problem when it comes, changes or goes."""
        if problem != self.logged.get(name, ""):
            print(f"{name}: {problem or solved}", flush=True)
        self.logged[name] = problem
