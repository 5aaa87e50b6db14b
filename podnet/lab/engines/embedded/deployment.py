"""Brings a state to the goals of a program: decides for each resource which call is due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from podnet.lab.engines.embedded import deletion_order as order
from podnet.lab.engines.embedded import property_paths as paths
from podnet.lab.engines.embedded.journal import Journal, named
from podnet.lab.engines.embedded.state import Resource
from podnet.lab.engines.errors import EngineError, ResourceError
from podnet.lab.engines.report import Step
from podnet.lab.providers.differences import describe
from podnet.lab.providers.protocol import UNKNOWN, Diff, Values
from podnet.lab.providers.urns import name_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """One resource as the program wants it."""

    resource: Resource
    """With the inputs as the program gave them; without an id."""
    delete_before_replace: bool | None = None
    """None: as the provider says."""
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """URNs it may be known by."""
    before_create: tuple[str, ...] = ()
    """Hooks that may prevent its creation."""


class Deployment:
    """One run of a program against a state."""

    def __init__(self, journal: Journal) -> None:
        self.failure: EngineError | None = None
        self._journal = journal
        self._state = journal.state
        self._seen: set[str] = set()
        self._leftover = {(item.urn, item.id) for item in self._state.old}
        # Deleted early, because they or something they need cannot exist twice.
        self._deleted_first: dict[str, Resource] = {}

    def register(self, goal: Goal) -> Resource:
        """Bring one resource to its goal; returns it as recorded (in a preview, with unknowns)."""
        with self.guarded(goal.resource.urn, "could not be deployed"):
            return self._register(goal)

    @contextmanager
    def guarded(self, urn: str, what: str = "was refused") -> Iterator[None]:
        """Make an error, with the name of its resource, the failure of the run, and stop there."""
        if self.failure is not None:
            raise EngineError("stopped after an earlier failure", rule="deployment-stopped")
        try:
            with named(urn, what):
                yield
        except EngineError as error:
            self.failure = error
            raise

    def finish(self) -> None:
        """Delete what the program no longer has, and what was replaced."""
        for urn, resource in self._deleted_first.items():
            if urn not in self._seen and resource.custom:
                self._journal.report.note(Step.of("delete", urn))
        unseen = [item for urn, item in self._state.live.items() if urn not in self._seen]
        self.delete([*self._state.old, *unseen])

    def destroy(self) -> None:
        """Delete everything."""
        self.delete([*self._state.old, *self._state.live.values()])

    def delete(self, resources: Iterable[Resource]) -> None:
        """Delete these, each before what it needs; refuses before the first if one is protected."""
        doomed = order.deletions(resources)
        gone = {item.urn for item in doomed if self._state.live.get(item.urn) is item}
        for item in doomed:
            if item.urn in gone:
                _refuse_protected(item, "deleted")
        for item in doomed:
            reason = ""
            if item.retain:
                reason = "retained: left as it is, and forgotten"
            elif item.deleted_with in gone:
                reason = f"goes with {name_of(item.deleted_with)}"
            replaced = item.urn not in gone
            step = Step.of("delete", item.urn, reason or ("was replaced" if replaced else ""))
            # Replacing counts once, unless its second half is all that an earlier run left to do.
            part = replaced and (item.urn, item.id) not in self._leftover
            self._journal.delete(item, step, leave=bool(reason), part=part)

    def _register(self, goal: Goal) -> Resource:
        urn = goal.resource.urn
        if urn in self._seen:
            raise ResourceError(
                urn, "is registered twice; give each its own name", rule="resource-registered-twice"
            )
        self._seen.add(urn)
        old = self._known(goal)
        if not goal.resource.custom:
            return self._component(goal.resource, old)
        basis = old or self._deleted_first.get(urn)
        with named(urn, "was refused"):
            inputs = goal.resource.inputs
            if basis is not None:
                inputs = paths.keep(inputs, basis.inputs, goal.ignore_changes)
            provider = self._journal.provider_for(goal.resource)
            new = replace(goal.resource, inputs=provider.check(goal.resource.type, inputs))
            if old is None:
                return self._create(goal, new, basis)
            diff = self._diff(goal, old, new.inputs)
        if diff.replaces:
            return self._replace(goal, old, new, diff)
        if diff.changed:
            step = Step.of("update", urn, _describe(old, new, diff))
            return self._journal.update(old, new, step)
        self._journal.report.note(Step.of("same", urn))
        # Inputs stay as recorded: what the provider takes for equal is no change.
        return self._journal.record(
            replace(new, id=old.id, token=old.token, inputs=old.inputs, outputs=old.outputs)
        )

    def _known(self, goal: Goal) -> Resource | None:
        urn = goal.resource.urn
        for alias in goal.aliases:
            if urn not in self._state.live and alias in self._state.live:
                self._state.rename(alias, urn)
        if urn not in self._state.live:
            self._state.restore(urn)
        return self._state.live.get(urn)

    def _component(self, new: Resource, old: Resource | None) -> Resource:
        if old is None:
            with self._journal.report.step(Step.of("create", new.urn)):
                return self._journal.record(new)
        self._journal.report.note(Step.of("same", new.urn))
        return self._journal.record(replace(new, outputs=old.outputs))

    def _diff(self, goal: Goal, old: Resource, inputs: Values) -> Diff:
        if self._moved(old, goal.resource):
            return Diff(("provider",), ("provider",))
        # The type may differ from the recorded one: an alias says that both mean the same thing.
        diff = self._journal.provider_for(goal.resource).diff(
            goal.resource.type, old.id, old.inputs, old.outputs, inputs
        )
        asked = []
        for path in goal.replace_on_changes:
            parts = paths.parse(path)
            tops = diff.changed if parts[0] == paths.STAR else (parts[0],)
            asked += [
                str(top)
                for top in tops
                if top in diff.changed and paths.differs(inputs, old.inputs, path)
            ]
        return replace(diff, replaces=tuple(dict.fromkeys([*diff.replaces, *asked])))

    def _moved(self, old: Resource, new: Resource) -> bool:
        """Whether its provider now means another place, another cluster for example."""
        before, after = (
            self._journal.state.explicit_provider(item.provider, item.provider_id)
            for item in (old, new)
        )
        known = after or before
        if known is None or before is after:
            return False
        diff = self._journal.providers.pick(known.type).diff(
            known.type, known.id, before.inputs if before else {}, {}, after.inputs if after else {}
        )
        return bool(diff.replaces)

    def _create(self, goal: Goal, new: Resource, replaced: Resource | None) -> Resource:
        if replaced is None:
            step = Step.of("create", new.urn)
            return self._journal.create(new, step, goal.before_create)
        diff = self._journal.provider_for(new).diff(
            replaced.type, replaced.id, replaced.inputs, replaced.outputs, new.inputs
        )
        detail = _describe(replaced, new, diff) or "something it needs is replaced"
        step = Step.of("replace", new.urn, detail)
        return self._journal.create(new, step, goal.before_create)

    def _replace(self, goal: Goal, old: Resource, new: Resource, diff: Diff) -> Resource:
        step = Step.of("replace", new.urn, _describe(old, new, diff))
        first = goal.delete_before_replace
        if first if first is not None else diff.delete_before_replace:
            doomed = order.deletions(self._in_the_way(old))
            gone = {item.urn for item in doomed if self._state.live.get(item.urn) is item}
            for item in doomed:
                if self._state.live.get(item.urn) is item:
                    _refuse_protected(item, "replaced")
            for item in doomed:
                if self._state.live.get(item.urn) is item:
                    self._deleted_first[item.urn] = item
                self._journal.delete(
                    item,
                    Step.of("delete", item.urn, "to be replaced"),
                    leave=item.retain or item.deleted_with in gone,
                    part=True,
                )
        else:
            _refuse_protected(old, "replaced")
        return self._journal.create(new, step, goal.before_create)

    def _in_the_way(self, root: Resource) -> list[Resource]:
        """The resources that must go before `root` can be replaced, itself among them.

        Those that cannot outlive it, because what they take from it cannot be updated, and what an
        earlier run replaced and did not come to delete. What this run has brought to its goal
        refers to the live one of a URN, never to one that was replaced.
        """
        doomed, doomed_live, found = {root.urn}, {root.urn}, []
        for item in order.creations([*self._state.old, *self._state.live.values()]):
            if self._state.live.get(item.urn) is not item:
                goes = item.urn == root.urn or not doomed.isdisjoint(item.needs)
            else:
                referred = doomed_live if item.urn in self._seen else doomed
                goes = item is root or self._cannot_outlive(item, referred)
                if goes:
                    doomed_live.add(item.urn)
            if goes:
                doomed.add(item.urn)
                found.append(item)
        return found

    def _cannot_outlive(self, item: Resource, doomed: set[str]) -> bool:
        taken = [
            name
            for name, urns in item.property_dependencies.items()
            if name in item.inputs and not doomed.isdisjoint(urns)
        ]
        if not taken or not item.custom:
            return False
        with named(item.urn, "could not be compared"):
            diff = self._journal.provider_for(item).diff(
                item.type,
                item.id,
                item.inputs,
                item.outputs,
                item.inputs | dict.fromkeys(taken, UNKNOWN),
            )
        return bool(diff.replaces)


def _describe(old: Resource, new: Resource, diff: Diff) -> str:
    return describe(old.inputs, new.inputs, diff, {*old.secret, *new.secret})


def _refuse_protected(resource: Resource, what: str) -> None:
    if resource.protect:
        raise ResourceError(
            resource.urn,
            f"is protected and cannot be {what}; set protect=False in the program and run up first",
            rule="resource-protected",
        )
