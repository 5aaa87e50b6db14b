"""Takes the pods off a node that is to go."""

import time
from collections.abc import Callable

PATIENCE = 5 * 60
"""Seconds for which disruption budgets are respected; the node goes in any case."""
ATTEMPT = 20
"""Seconds of one attempt; less than what ends a command."""
GONE = 60
"""Seconds after which a pod that was told to end is waited for no more: its node may be dead."""


class Drain:
    """Drains in attempts, so that the rest of the control plane's work goes on between them."""

    def __init__(self, kubectl: Callable[..., str]) -> None:
        self.kubectl = kubectl
        self.since: dict[str, float] = {}
        self.said = ""

    def done(self, name: str) -> bool:
        """Whether nothing more of the node is to be waited for."""
        if name not in self.since:
            self.since[name] = time.monotonic()
            self._say(
                f"draining {name}: pods of DaemonSets stay, disruption budgets are respected for "
                f"{PATIENCE // 60} minutes"
            )
        late = time.monotonic() - self.since[name] >= PATIENCE
        if late:
            self._say(
                f"{name} is not empty after {PATIENCE // 60} minutes; its pods are now deleted "
                "without regard to disruption budgets, since the node will be removed"
            )
        try:
            self._drain(name, "--disable-eviction" if late else "")
        except OSError as error:
            self._say(f"draining {name} goes on: {_reason(str(error))}")
            if not late:
                return False
        del self.since[name]
        return True

    def _drain(self, name: str, more: str) -> None:
        self.kubectl(
            "drain",
            name,
            "--ignore-daemonsets",
            "--delete-emptydir-data",
            # Pods that nobody would make again are lost with the node in any case.
            "--force",
            f"--timeout={ATTEMPT}s",
            f"--skip-wait-for-delete-timeout={GONE}",
            *([more] if more else []),
        )

    def _say(self, text: str) -> None:
        if text != self.said:
            print(f"nodes: {text}", flush=True)
        self.said = text


def _reason(said: str) -> str:
    """Of all that kubectl said why pods are still there."""
    lines = said.strip().splitlines()
    return next((line for line in lines if "disruption budget" in line), lines[-1])
