"""The credentials that instances find in their metadata: of their role, for a session of theirs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.cloud.facts import Instance

LIFE = timedelta(hours=6)
LEAST = timedelta(hours=1)
"""What is left of the old ones' life when there are new ones."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs requests, and until when."""

    key_id: str
    secret: str
    token: str
    issued: datetime
    ends: datetime


class Credentials:
    """Keys by instance and role, so that a call tells which instance made it."""

    def __init__(
        self, sts: Callable[[str], Any], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._sts = sts
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[tuple[str, str], Keys] = {}

    def of(self, instance: Instance) -> Keys:
        """The keys of an instance that has a role, as EC2 assumes it for the instance."""
        if instance.role is None:
            raise ValueError(f"{instance.id} has no role")
        place = instance.id, instance.role
        with self._lock:
            kept = self._keys.get(place)
            now = self._clock()
            if kept is None or kept.ends - now < LEAST:
                kept = self._keys[place] = self._assume(instance, now)
            return kept

    def _assume(self, instance: Instance, now: datetime) -> Keys:
        made = self._sts(instance.region).assume_role(
            RoleArn=f"arn:aws:iam::{instance.account}:role/{instance.role}",
            RoleSessionName=instance.id,
            DurationSeconds=int(LIFE.total_seconds()),
        )["Credentials"]
        return Keys(
            made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], now, now + LIFE
        )
