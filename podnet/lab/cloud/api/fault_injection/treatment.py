"""How a call of whoever deploys is treated: refused, answered late, or left without an answer."""

from __future__ import annotations

import random
from collections import Counter

from podnet.lab.clients import DEPLOYER
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.fault_injection import launches
from podnet.lab.cloud.api.fault_injection.faults import ALWAYS, FIRST, Fault, Kind, Settings
from podnet.lab.cloud.api.fault_injection.permissions import denied
from podnet.lab.cloud.api.fault_injection.policy import Policy, missing
from podnet.lab.cloud.api.fault_injection.requests import ClientOf, requests

THROTTLED = {
    # EC2 API guide, "Request throttling for the Amazon EC2 API".
    "ec2": ApiError("RequestLimitExceeded", "Request limit exceeded.", 503),
    # IAM API reference, "Common errors".
    "iam": ApiError("Throttling", "Rate exceeded", 400),
}
THROTTLED_JSON = ApiError("ThrottlingException", "Rate exceeded", 400)


class Treatment:
    """The settings, what they came to, and the actions seen; the caller holds the API's lock.

    Calls with another key than the deployer's are the lab's own, and are treated kindly.
    """

    def __init__(self, client: ClientOf) -> None:
        self._client = client
        self.settings = Settings()
        self._policies: tuple[Policy, ...] | None = None
        self._random = random.Random(0)  # noqa: S311  # a draw that can be repeated
        self._calls: Counter[tuple[Fault, str]] = Counter()
        self._struck: Counter[Fault] = Counter()
        self._seen: set[str] = set()

    def change(self, settings: Settings) -> None:
        """Treat calls by these settings from now on, and count from zero."""
        policies = settings.policies
        self._policies = None if policies is None else tuple(map(Policy, policies))
        self.settings = settings
        self._random = random.Random(settings.seed)  # noqa: S311
        self._calls.clear()
        self._struck.clear()
        self._seen.clear()

    def report(self) -> dict[str, object]:
        """The settings, how many calls each fault struck, and the actions seen, as plain values."""
        return {
            **self.settings.to_json(),
            "struck": {str(fault): count for fault, count in self._struck.items()},
            "seen": sorted(self._seen),
        }

    def admit(self, call: Call) -> None:
        """Raise `ApiError` where the call is throttled or not permitted."""
        if call.key_id != DEPLOYER:
            return
        self._seen.add(call.name)
        if self._strikes(Kind.THROTTLE, call):
            raise THROTTLED_JSON if call.in_json else THROTTLED.get(call.service, THROTTLED_JSON)
        if self._strikes(Kind.DENY, call):
            raise denied(call.name, in_json=call.in_json)
        if call.action in launches.ACTIONS:
            self._launch(call)
        if self._policies is not None:
            refused = missing(self._policies, requests(call, self._client))
            if refused is not None:
                raise denied(refused.action, refused.resource, in_json=call.in_json)

    def _launch(self, call: Call) -> None:
        """Let a launch or a start meet what AWS cannot rule out."""
        ec2 = self._client("ec2", call.region)
        if self._strikes(Kind.ADDRESS_TAKEN, call):
            launches.take_addresses(call, ec2)
        if self._strikes(Kind.NO_CAPACITY, call):
            raise launches.no_capacity(call, ec2)

    def lag(self, call: Call) -> float:
        """Seconds by which the answer to this call is late."""
        if call.key_id != DEPLOYER or not call.reads_only:
            return 0
        lags = [
            float(fault.when)
            for fault in self.settings.faults
            if fault.kind is Kind.STALE and fault.concerns(call.name)
        ]
        return max(lags, default=0)

    def loses(self, call: Call) -> bool:
        """Whether the answer to this call gets lost, which the call has been done for."""
        return call.key_id == DEPLOYER and not call.reads_only and self._strikes(Kind.LOST, call)

    def _strikes(self, kind: Kind, call: Call) -> bool:
        """Whether any fault of this kind strikes; each counts the call."""
        concerned = [
            fault
            for fault in self.settings.faults
            if fault.kind is kind and fault.concerns(call.name)
        ]
        struck = [fault for fault in concerned if self._is_turn(fault, call.name)]
        self._struck.update(struck)
        return bool(struck)

    def _is_turn(self, fault: Fault, action: str) -> bool:
        if fault.when == ALWAYS:
            return True
        if fault.when.endswith("%"):
            return self._random.random() * 100 < int(fault.when.removesuffix("%"))
        counted = (fault, action if fault.when == FIRST else "")
        self._calls[counted] += 1
        if fault.when == FIRST:
            return self._calls[counted] == 1
        return self._calls[counted] % int(fault.when) == 0
