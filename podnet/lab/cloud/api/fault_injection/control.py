"""The faults of a lab's API that runs, read and set from outside its process."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

from podnet.lab.cloud.api.fault_injection.faults import Settings

PATH = "/lab/faults"
SECONDS = 60.0


def change(endpoint: str, settings: Settings) -> None:
    """Let the API at this endpoint treat the calls of whoever deploys so, from now on."""
    body = json.dumps(settings.to_json()).encode()
    with urlopen(Request(f"{endpoint}{PATH}", body, method="PUT"), timeout=SECONDS):  # noqa: S310
        pass


def report(endpoint: str) -> dict[str, Any]:
    """The settings, how many calls each fault struck, and the actions seen since they were set."""
    with urlopen(f"{endpoint}{PATH}", timeout=SECONDS) as answer:  # noqa: S310  # http
        found: dict[str, Any] = json.load(answer)
    return found
