"""`python -m lab.drill`: the process that makes a drill's traffic, told what to do on its input."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress

from lab.drill.flows import End
from lab.drill.sender import Sender, SetUpError

BEFORE_OTHERS = -15
"""Its priority: what a busy machine keeps it from sending cannot be lost."""


def main() -> int:
    """Read the order, send until the next line or the end of the input, tell what was lost."""
    # Whoever started it decides when it ends, also where both are interrupted together.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, BEFORE_OTHERS)
    order = json.loads(sys.stdin.readline())
    try:
        sender = Sender([End(**end) for end in order["ends"]])
    except SetUpError as error:
        _say({"error": str(error)})
        return 1
    with sender:
        _say({"ready": True})
        if sender.send_until(sys.stdin.fileno(), order["limit"]):
            _say(sender.losses().to_json())
        else:
            _say({"error": f"it ended after {order['limit']:.0f} s, before it was told to"})
    return 0


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
