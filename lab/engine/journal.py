"""The state of one run: every change to it is on disk before the next call to the provider."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from lab.engine.detail import changed, describe
from lab.engine.errors import EngineError, ResourceError
from lab.engine.report import Report, Step
from lab.engine.state import Resource, State
from lab.engine.values import Diff, Provider, ProviderError


class Journal:
    """Carries out single steps on a state; in a preview (`save` is None) on paper only.

    A creation is written down with its token before the call, an update or a deletion as a doubt,
    so that `recover` can find out in the next run what a killed one did.
    """

    def __init__(
        self, state: State, provider: Provider, report: Report, save: Callable[[State], None] | None
    ) -> None:
        self.state = state
        self.provider = provider
        self.report = report
        self.dry = save is None
        self._save = save

    def quietly(self) -> Journal:
        """A journal of the same state that tells nobody what it does."""
        return Journal(self.state, self.provider, Report(), self._save)

    def serving(self, resource: Resource) -> Provider:
        """What serves a resource: its explicit provider where it has one, else the default one."""
        holder = self.state.holder(resource.provider, resource.provider_id)
        if resource.provider and holder is None:
            raise ProviderError(f"its provider {resource.provider} is not in the state")
        return self.under(holder)

    def under(self, holder: Resource | None) -> Provider:
        """The provider with the configuration of an explicit one, where that is given."""
        if holder is None:
            return self.provider
        return self.provider.under(holder.type, holder.inputs)

    def save(self) -> None:
        """Put the state on disk, if it differs from what is there."""
        if self._save is not None:
            self._save(self.state)

    def create(self, new: Resource, step: Step) -> Resource:
        """Make a resource; one with its URN that lives already is then to be deleted."""
        with self.report.step(step), named(new.urn, "could not be created"):
            pending = replace(new, token=secrets.token_hex(16))
            self.state.pending.append(pending)
            if self.dry:
                made = replace(pending, outputs=new.inputs)
            else:
                self.save()
                id_, outputs = self.serving(new).create(new.type, new.inputs, pending.token)
                made = replace(pending, id=id_, outputs=outputs)
            self.state.created(pending, made)
            self.save()
        return made

    def update(self, old: Resource, new: Resource, step: Step) -> Resource:
        """Bring a live resource to new inputs."""
        with self.report.step(step), named(new.urn, "could not be updated"):
            # What an update computes anew is not foretold: in practice that is nothing that
            # another resource takes as its input.
            outputs = old.outputs | new.inputs
            if not self.dry:
                self.state.doubt(old.urn)
                self.save()
                outputs = self.serving(new).update(
                    new.type, old.id, old.inputs, old.outputs, new.inputs
                )
            return self.record(replace(new, id=old.id, token=old.token, outputs=outputs))

    def record(self, resource: Resource) -> Resource:
        """Note what a live resource is now."""
        self.state.live[resource.urn] = resource
        self.state.settle(resource.urn)
        self.save()
        return resource

    def delete(
        self, resource: Resource, step: Step, *, leave: bool = False, part: bool = False
    ) -> None:
        """Delete a resource, or only forget it where it is to be left alone."""
        with self.report.step(step, part=part), named(resource.urn, "could not be deleted"):
            if resource.custom and not leave and not self.dry:
                if self.state.live.get(resource.urn) is resource:
                    self.state.doubt(resource.urn)
                    self.save()
                self.serving(resource).delete(resource.type, resource.id, resource.outputs)
            self.state.forget(resource)
            self.save()

    def read(self, resource: Resource) -> Resource | None:
        """A resource as it really is; None when it is gone. Changes no state."""
        if not resource.custom:
            return resource
        with named(resource.urn, "could not be read"):
            found = self.serving(resource).read(
                resource.type, resource.id, resource.inputs, resource.outputs
            )
        if found is None:
            return None
        inputs, outputs = found
        if (inputs, outputs) == (resource.inputs, resource.outputs):
            return resource
        return replace(resource, inputs=inputs, outputs=outputs)

    def recover(self) -> None:
        """Settle what an earlier run left open: ask what became of its last calls."""
        for pending in list(self.state.pending):
            with named(pending.urn, "could not be looked up after an interrupted run"):
                found = self.serving(pending).find(pending.type, pending.inputs, pending.token)
            made = None
            if found is not None:
                made = self.read(replace(pending, id=found[0], outputs=found[1]))
            if made is None:
                self.state.pending.remove(pending)
            else:
                self.state.created(pending, made)
            self.save()
        for urn in list(self.state.doubtful):
            recorded = self.state.live[urn]
            found_now = self.read(recorded)
            if found_now is None:
                self.state.forget(recorded)
                self.save()
            else:
                self.record(found_now)

    def refresh(self) -> None:
        """Record every resource as it really is."""
        live = list(self.state.live.values())
        for resource in [*live, *self.state.old]:
            found = self.read(resource)
            if found is None:
                with self.report.step(Step.of("delete", resource.urn, "no longer exists")):
                    self.state.forget(resource)
                    self.save()
            elif self.state.live.get(resource.urn) is not resource:
                continue  # replaced, and only still there to be deleted
            elif found.inputs == resource.inputs:
                # Outputs follow what others do (a table lists its routes): recorded, no news.
                self.report.note(Step.of("same", resource.urn))
                self.record(found)
            else:
                drift = describe(
                    resource.inputs,
                    found.inputs,
                    Diff(changed(resource.inputs, found.inputs)),
                    resource.secret,
                )
                with self.report.step(Step.of("refresh", resource.urn, drift)):
                    self.record(found)


@contextmanager
def named(urn: str, what: str) -> Iterator[None]:
    """Say in errors which resource they are about."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        plain = isinstance(error, ProviderError | ValueError)
        text = str(error) if plain else f"{type(error).__name__}: {error}"
        raise ResourceError(urn, f"{what}: {text}") from error
