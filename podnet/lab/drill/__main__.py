"""`python -m podnet.lab.drill`: the process that makes a drill's traffic."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress

from podnet.lab.drill.flows import Endpoint
from podnet.lab.drill.sender import Sender, SetUpError

BEFORE_OTHERS = -15
"""Its niceness: packets that a busy machine keeps it from sending cannot be lost."""


def main() -> int:
    """Read the order, send until the next line or the end of the input, report the losses."""
    # Whoever started it decides when it ends, also where both are interrupted together.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, BEFORE_OTHERS)
    order = json.loads(sys.stdin.readline())
    try:
        sender = Sender([Endpoint(**each) for each in order["endpoints"]], order["asked"])
    except SetUpError as error:
        _report({"error": str(error)})
        return 1
    with sender:
        _report({"ready": True})
        if sender.send_until(sys.stdin.fileno(), order["limit"]):
            _report(sender.losses().to_json())
        else:
            _report({"error": f"it ended after {order['limit']:.0f} s, before it was stopped"})
    return 0


def _report(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
