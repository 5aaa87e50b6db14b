"""Drains a node that will be removed."""

import time
from collections.abc import Callable

PATIENCE = 5 * 60
"""Seconds for which disruption budgets are respected; the node is removed in any case."""
ATTEMPT = 20
"""Seconds of one attempt; less than the time limit of a command."""
DELETED = 60
"""Seconds after which a deleted pod is no longer waited for, since its node may be dead."""


class Drain:
    """Drains in short attempts, between which the control plane does its other work."""

    def __init__(self, kubectl: Callable[..., str]) -> None:
        self.kubectl = kubectl
        self.since: dict[str, float] = {}
        self.logged = ""

    def attempt(self, name: str) -> bool:
        """Drain once; true if the node can be deleted."""
        if name not in self.since:
            self.since[name] = time.monotonic()
            self._log(
                f"draining {name}: pods of DaemonSets stay, disruption budgets are respected for "
                f"{PATIENCE // 60} minutes"
            )
        expired = time.monotonic() - self.since[name] >= PATIENCE
        if expired:
            self._log(
                f"{name} is not empty after {PATIENCE // 60} minutes; its pods are now deleted "
                "without regard to disruption budgets, since the node will be removed"
            )
        try:
            self._drain(name, "--disable-eviction" if expired else "")
        except OSError as error:
            self._log(f"draining {name} continues: {_reason(str(error))}")
            if not expired:
                return False
        del self.since[name]
        return True

    def _drain(self, name: str, more: str) -> None:
        self.kubectl(
            "drain",
            name,
            "--ignore-daemonsets",
            "--delete-emptydir-data",
            # Pods that no controller would recreate are lost with the node in any case.
            "--force",
            f"--timeout={ATTEMPT}s",
            f"--skip-wait-for-delete-timeout={DELETED}",
            *([more] if more else []),
        )

    def _log(self, text: str) -> None:
        if text != self.logged:
            print(f"nodes: {text}", flush=True)
        self.logged = text


def _reason(output: str) -> str:
    """The line of kubectl's output that explains why pods still run."""
    lines = output.strip().splitlines()
    return next((line for line in lines if "disruption budget" in line), lines[-1])
