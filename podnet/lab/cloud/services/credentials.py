"""The credentials in an instance's metadata: a session of its role, named after the instance."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from podnet.lab.clients import Client, partition
from podnet.world.model import Instance

LIFE = timedelta(hours=6)
RENEWAL = timedelta(hours=1)
"""Life left at which credentials are renewed."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Temporary credentials, and when they were issued and expire."""

    key_id: str
    secret: str
    token: str
    issued: datetime
    expires: datetime


class Credentials:
    """Keys by instance and role, so that each call shows which instance made it."""

    def __init__(
        self,
        sts: Callable[[str], Client],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._sts = sts
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[tuple[str, str], Keys] = {}

    def of(self, instance: Instance) -> Keys:
        """The keys of an instance that has a role, as EC2 assumes it for the instance."""
        if instance.role is None:
            raise ValueError(f"{instance.id} has no role")
        session = instance.id, instance.role
        with self._lock:
            keys = self._keys.get(session)
            now = self._clock()
            if keys is None or keys.expires - now < RENEWAL:
                keys = self._keys[session] = self._assume(instance, now)
            return keys

    def _assume(self, instance: Instance, now: datetime) -> Keys:
        session = self._sts(instance.region).assume_role(
            RoleArn=f"arn:{partition(instance.region)}:iam::{instance.account}:role/{instance.role}",
            RoleSessionName=instance.id,
            DurationSeconds=int(LIFE.total_seconds()),
        )["Credentials"]
        return Keys(
            key_id=session["AccessKeyId"],
            secret=session["SecretAccessKey"],
            token=session["SessionToken"],
            issued=now,
            expires=now + LIFE,
        )
