"""The state of one run: every change to it is on disk before the next call to the provider."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from podnet.lab.engines.adoption import Account
from podnet.lab.engines.adoption.leftovers import in_another_state
from podnet.lab.engines.embedded.hooks import Hooks
from podnet.lab.engines.embedded.providers import PREFIX, InState, Providers
from podnet.lab.engines.embedded.state import Resource, State
from podnet.lab.engines.errors import EngineError, ResourceError
from podnet.lab.engines.report import Report, Step
from podnet.lab.providers.differences import changed, describe
from podnet.lab.providers.protocol import Created, Diff, Finder, Provider, ProviderError, Values

LOG = logging.getLogger("podnet.program")


class Journal:
    """Carries out single steps on a state; in a preview (`save` is None) without the provider.

    A creation is written down with its token before the call, an update or a deletion as uncertain,
    so that `recover` can find out in the next run what a killed one did.
    """

    def __init__(
        self,
        state: State,
        providers: Providers,
        report: Report,
        save: Callable[[State], None] | None,
        account: Account | None = None,
    ) -> None:
        self.state = state
        self.providers = providers
        self.report = report
        self.dry = save is None
        self.hooks = Hooks()
        self._save = save
        self._account = account

    def quietly(self) -> Journal:
        """A journal of the same state that reports no events."""
        return Journal(self.state, self.providers, Report(), self._save, self._account)

    def provider_for(self, resource: Resource) -> Provider:
        """The provider that checks and compares a resource."""
        explicit = self.state.explicit_provider(resource.provider, resource.provider_id)
        if resource.provider and explicit is None:
            raise ProviderError(
                f"its provider {resource.provider} is not in the state",
                rule="provider-not-in-state",
            )
        return self.providers.pick(resource.type, explicit)

    def _keeper_of(self, resource: Resource) -> Provider | InState:
        if resource.type.startswith(PREFIX):
            return InState()
        return self.hooks.around(self.provider_for(resource), resource)

    def save(self) -> None:
        """Put the state on disk, if it differs from what is there."""
        if self._save is not None:
            self._save(self.state)

    def create(self, new: Resource, step: Step, hooks: Sequence[str] = ()) -> Resource:
        """Make a resource; one with its URN that lives already is then to be deleted.

        `hooks` are the names of those that may prevent it.
        """
        with self.report.step(step), named(new.urn, "could not be created"):
            self._refuse_occupied(new)
            self.hooks.before_creation(new, hooks, dry=self.dry)
            pending = replace(new, token=secrets.token_hex(16))
            self.state.pending.append(pending)
            if self.dry:
                created = Created("", new.inputs)
            else:
                self.save()
                try:
                    id_, outputs = self._keeper_of(new).create(
                        new.type, new.inputs, pending.token, step.name
                    )
                except ProviderError as error:
                    if half := error.created:
                        self._record_new(pending, half)
                    raise
                created = Created(id_, outputs)
            return self._record_new(pending, created)

    def _record_new(self, pending: Resource, created: Created) -> Resource:
        """Note what was made; where a later call failed, as the provider planned it."""
        made = replace(pending, id=created.id, outputs=created.outputs)
        self.state.created(pending, made)
        self.save()
        return made

    def update(self, old: Resource, new: Resource, step: Step) -> Resource:
        """Bring a live resource to new inputs."""
        with self.report.step(step), named(new.urn, "could not be updated"):
            # A preview does not foresee outputs that an update computes: no resource takes one of
            # those as its input.
            outputs = old.outputs | new.inputs
            if not self.dry:
                self.state.mark_uncertain(old.urn)
                self.save()
                outputs = self._keeper_of(new).update(
                    new.type, old.id, old.inputs, old.outputs, new.inputs
                )
            return self.record(replace(new, id=old.id, token=old.token, outputs=outputs))

    def record(self, resource: Resource) -> Resource:
        """Note what a live resource is now."""
        self.state.live[resource.urn] = resource
        self.state.clear_uncertain(resource.urn)
        self.save()
        return resource

    def delete(
        self, resource: Resource, step: Step, *, leave: bool = False, part: bool = False
    ) -> None:
        """Delete a resource, or only forget it where it is to be left alone."""
        with self.report.step(step, part=part), named(resource.urn, "could not be deleted"):
            if resource.custom and not leave and not self.dry:
                if self.state.live.get(resource.urn) is resource:
                    self.state.mark_uncertain(resource.urn)
                    self.save()
                self._keeper_of(resource).delete(resource.type, resource.id, resource.outputs)
            self.state.forget(resource)
            self.save()

    def read(self, resource: Resource) -> Resource | None:
        """A resource as it really is; None when it is gone. Changes no state."""
        if not resource.custom:
            return resource
        with named(resource.urn, "could not be read"):
            found = self._keeper_of(resource).read(
                resource.type, resource.id, resource.inputs, resource.outputs
            )
        if found is None:
            return None
        inputs, outputs = found
        if (inputs, outputs) == (resource.inputs, resource.outputs):
            return resource
        return replace(resource, inputs=inputs, outputs=outputs)

    def recover(self) -> None:
        """Find out what became of the calls that an interrupted run left open."""
        for pending in list(self.state.pending):
            with named(pending.urn, "could not be looked up after an interrupted run"):
                found = self._search(pending)
            made = None
            if found is not None:
                made = self.read(replace(pending, id=found[0], outputs=found[1]))
            if made is None:
                self.state.pending.remove(pending)
            else:
                self.state.created(pending, made)
            self.save()
        for urn in list(self.state.uncertain):
            recorded = self.state.live[urn]
            found_now = self.read(recorded)
            if found_now is None:
                self.state.forget(recorded)
                self.save()
            else:
                self.record(found_now)

    def clear_leftovers(self, stacks: Collection[str]) -> None:
        """Delete what a repeated call made twice; name what else bears the tag of these stacks."""
        if self._account is None:
            return
        kept = [*self.state.live.values(), *self.state.old]
        recorded = {type_: self._ids(type_) for type_ in {item.type for item in kept}}
        for leftover in self._account.leftovers(stacks, recorded):
            if not leftover.unused:
                LOG.warning(leftover.text)
                continue
            step = Step("delete", "", leftover.type, leftover.id, "made twice by a repeated call")
            with self.report.step(step):
                if not self.dry:
                    self._account.delete(leftover)

    def _search(self, pending: Resource) -> tuple[str, Values] | None:
        """What a creation made of which nobody knows whether it took place."""
        type_, inputs, name = pending.type, pending.inputs, Step.of("create", pending.urn).name
        if self._account is None or not self._account.serves(type_):
            keeper = self._keeper_of(pending)
            if not isinstance(keeper, Finder):
                return None
            return keeper.find(type_, inputs, pending.token, name)
        found = self._account.find(type_, name, inputs, self._ids(type_))
        if found is not None and not self.dry:
            self._account.finish(type_, found)
        # Outputs make it a refresh: what nothing is known of is read as an import reads it.
        return None if found is None else (found.id, pending.inputs | found.outputs)

    def _ids(self, type_: str) -> set[str]:
        kept = [*self.state.live.values(), *self.state.old]
        return {item.id for item in kept if item.type == type_}

    def _refuse_occupied(self, new: Resource) -> None:
        if self._account is None:
            return
        in_use = self._account.occupied(new.type, new.inputs, self._ids(new.type))
        if in_use:
            raise in_another_state(in_use)

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
    """Name the resource in errors."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        if isinstance(error, ProviderError):
            raise ResourceError(urn, f"{what}: {error}", rule=error.rule) from error
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ResourceError(urn, f"{what}: {text}", rule="resource-failed") from error
