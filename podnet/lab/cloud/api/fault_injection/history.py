"""Former states of EC2 and IAM, from which a read is answered as if some seconds were not over.

AWS says of these two that a change is visible to later reads only after a while (EC2 API guide,
"Eventual consistency"; IAM User Guide, "Changes that I make are not always immediately visible").
All reads lag by the same time here; on AWS each may lag by another.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, TypeAlias

from podnet.lab.cloud.api.call import Call

SERVICES = frozenset({"ec2", "iam"})

StatesOf: TypeAlias = Callable[[str, str], tuple[MutableMapping[str, Any], str]]
"""By service and region: the states of a service by place, and the place of the region."""


class History:
    """States that a write ended, each with that moment; the caller holds the API's lock."""

    def __init__(self, states_of: StatesOf, clock: Callable[[], float] = time.monotonic) -> None:
        self._states_of = states_of
        self._clock = clock
        self._ended: dict[tuple[str, str], deque[tuple[float, Any]]] = {}

    def keep(self, call: Call, seconds: float) -> None:
        """Keep the state that this call is about to change, for so many seconds."""
        if call.service not in SERVICES:
            return
        states, key = self._states_of(call.service, call.region)
        ended = self._ended.setdefault((call.service, key), deque())
        now = self._clock()
        while ended and ended[0][0] < now - seconds:
            ended.popleft()
        if seconds > 0:
            ended.append((now, deepcopy(states[key])))

    @contextmanager
    def seconds_ago(self, call: Call, seconds: float) -> Iterator[None]:
        """Answer this call from the state of that moment, within a `with` block."""
        if seconds <= 0 or call.service not in SERVICES:
            yield
            return
        states, key = self._states_of(call.service, call.region)
        then = self._clock() - seconds
        ended = self._ended.get((call.service, key), ())
        past = next((state for end, state in ended if end > then), None)
        if past is None:
            yield
            return
        present = states[key]
        states[key] = past
        try:
            yield
        finally:
            states[key] = present
