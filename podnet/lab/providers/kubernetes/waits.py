"""Waiting for objects: until one is ready, and until one is gone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from podnet.lab.providers.kubernetes import diagnosis, readiness, unready
from podnet.lab.providers.kubernetes.api import Api, Kind
from podnet.lab.providers.kubernetes.objects import at
from podnet.lab.providers.protocol import ProviderError, Values
from podnet.system.waiting import wait_until


def id_of(name: str, namespace: str | None) -> str:
    """The id of an object in the state of the stack."""
    return f"{namespace}/{name}" if namespace else name


def called(kind: Kind, name: str, namespace: str | None) -> str:
    """An object as sentences name it."""
    return f"{kind.kind} {id_of(name, namespace)}"


@dataclass(frozen=True)
class Wait:
    """A wait for one object, of `limit` seconds at the most."""

    api: Api
    kind: Kind
    name: str
    namespace: str | None
    limit: float
    poll: float

    def until_ready(self, applied: Values, otherwise: str) -> Values:
        """Wait for the object, which was `applied` like this; returns it as it is in the end.

        The error begins with `otherwise`, and has the words of Pulumi's own provider before those
        of the lab.
        """
        states = chain((applied,), iter(self._read, None))
        live, reason = applied, ""

        def ready() -> bool:
            nonlocal live, reason
            found = next(states, None)
            if found is None:
                raise ProviderError(
                    f"{self._called} was deleted by somebody while it was waited for",
                    rule="object-deleted-while-waiting",
                )
            live, reason = found, self._missing(found)
            return not reason

        if not wait_until(ready, self.limit, self.poll):
            words = (f"{otherwise}: {unready.late(live)}", *unready.reasons(self.api, live))
            said = "; ".join(words)
            error = ProviderError(
                f"{said}; {self._called} was not ready within {self.limit:g} s: "
                f"{reason}{self._reasons(live)}",
                rule="object-not-ready",
            )
            error.reasons = (*words, str(error).removeprefix(f"{said}; "))
            raise error
        return live

    def until_gone(self, uid: str) -> None:
        """Wait until no object of this name has the uid."""
        live: Values | None = None

        def gone() -> bool:
            nonlocal live
            live = self._read()
            return live is None or at(live, "metadata.uid") != uid

        if not wait_until(gone, self.limit, self.poll):
            reasons = diagnosis.blockers(live or {})
            raise ProviderError(
                f"{self._called} was not gone within {self.limit:g} s"
                + (f": {reasons}" if reasons else ""),
                rule="object-deletion-timed-out",
            )

    @property
    def _called(self) -> str:
        return called(self.kind, self.name, self.namespace)

    def _read(self) -> Values | None:
        return self.api.get(self.kind, self.name, self.namespace)

    def _missing(self, live: Values) -> str:
        try:
            return readiness.missing(live)
        except readiness.NeverReadyError as error:
            raise ProviderError(
                f"{self._called}: {error}{self._reasons(live)}", rule="object-never-ready"
            ) from error

    def _reasons(self, live: Values) -> str:
        reasons = diagnosis.rollout(self.api, live)
        return f". {reasons}" if reasons else ""
