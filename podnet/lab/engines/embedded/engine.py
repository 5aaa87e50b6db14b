"""The four things one can ask of a stack: preview, up, refresh, destroy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from podnet.lab.engines.adoption import Account
from podnet.lab.engines.embedded import program
from podnet.lab.engines.embedded.deployment import Deployment
from podnet.lab.engines.embedded.journal import Journal
from podnet.lab.engines.embedded.monitor import Monitor
from podnet.lab.engines.embedded.plan_file import plan_file
from podnet.lab.engines.embedded.providers import Providers
from podnet.lab.engines.embedded.state import Resource, State, StateFile
from podnet.lab.engines.errors import EngineError, ProjectError
from podnet.lab.engines.lock import locked
from podnet.lab.engines.project import Project
from podnet.lab.engines.report import MASK, Event, Report, Summary
from podnet.lab.providers.protocol import Provider, ProviderError, Values
from podnet.plan.tags import STACK

LOCK_TIMEOUT = 30.0


class Engine:
    """Deploys one stack of a Pulumi project through providers, without the Pulumi CLI."""

    def __init__(  # noqa: PLR0913, PLR0917  # what it takes to say what is deployed where
        self,
        project: Path,
        stack: str,
        state: Path,
        providers: Mapping[str, Provider],
        on_event: Callable[[Event], None] | None = None,
        config: Mapping[str, str] | None = None,
        *,
        lock_timeout: float = LOCK_TIMEOUT,
        account: Account | None = None,
    ) -> None:
        """Names the project's directory, its stack and the file that keeps the stack's state.

        `providers` serve the packages of the program, by the names of these (`aws`).
        `config` goes over the stack's own configuration; a second engine on the same state waits
        `lock_timeout` seconds for the first, then raises `StateLockedError`. In `account` it finds
        what an interrupted run made and did not record; without one, the providers are asked.
        """
        self._directory = project.resolve()
        self._stack = stack
        self._path = state.resolve()
        self._providers = Providers(providers)
        self._on_event = on_event
        self._overrides = dict(config or {})
        self._lock_timeout = lock_timeout
        self._account = account

    def preview(self) -> Summary:
        """Compute the steps of `up`. Changes nothing, takes no lock."""
        return self._preview()[0]

    def plan(self) -> Values:
        """What `up` would leave, as `pulumi preview --json --show-sames` writes it."""
        summary, before, after = self._preview()
        config = Project.load(self._directory).config(self._stack, self._overrides)
        return plan_file(config, summary.steps, before, after)

    def _preview(self) -> tuple[Summary, Mapping[str, Resource], Mapping[str, Resource]]:
        """The steps of `up`, and the live resources before and after them."""
        project = Project.load(self._directory)
        journal = self._journal(self._file(project).load(), None)
        before = dict(journal.state.live)
        summary = self._deploy(project, journal, refresh=self._unfinished.exists())
        return summary, before, journal.state.live

    def up(self) -> Summary:
        """Run the program and bring the stack to what it wants."""
        project = Project.load(self._directory)
        with self._locked(project) as journal, self._to_the_end() as ended:
            return self._deploy(project, journal, refresh=not ended)

    def refresh(self) -> Summary:
        """Record every resource as it really is, without running the program."""
        project = Project.load(self._directory)
        with self._locked(project) as journal:
            self._configured(project)
            journal.recover()
            journal.refresh()
            return _summary(journal)

    def destroy(self) -> Summary:
        """Delete every resource of the stack, without running the program."""
        with self._locked(Project.load(self._directory)) as journal, self._to_the_end():
            journal.recover()
            stacks = _stacks(journal.state)
            Deployment(journal).destroy()
            journal.clear_leftovers(stacks)
            journal.state.outputs, journal.state.secret_outputs = {}, []
            journal.save()
            return _summary(journal)

    def outputs(self) -> Values:
        """The exports of the last `up`; secret ones read `[secret]`."""
        return _masked(self._file(Project.load(self._directory)).load())

    def _deploy(self, project: Project, journal: Journal, *, refresh: bool) -> Summary:
        config = self._configured(project)
        journal.recover()
        if refresh:
            # One resource may remove what another one created, as the list of all permitted rules
            # removes rules; after a run that ended between the two, only a refresh shows it.
            journal.quietly().refresh()
        deployment = Deployment(journal)
        monitor = Monitor(project.name, self._stack, deployment, journal)
        try:
            program.run(project.program, config, monitor, dry=journal.dry)
        except EngineError as error:
            # The SDK wraps the error of a resource in its own; the first failure is the cause.
            if deployment.failure is not None:
                raise deployment.failure from error
            raise
        deployment.finish()
        journal.clear_leftovers(_stacks(journal.state))
        journal.state.outputs = monitor.outputs
        journal.state.secret_outputs = monitor.secret_outputs
        journal.save()
        return _summary(journal)

    def _configured(self, project: Project) -> dict[str, str]:
        """The stack's configuration, after the provider has taken its part of it."""
        config = project.config(self._stack, self._overrides)
        try:
            self._providers.configure(config)
        except ProviderError as error:
            raise ProjectError(
                f"the configuration of stack {self._stack} was refused: {error}",
                rule="provider-configuration-refused",
            ) from error
        return config

    @property
    def _unfinished(self) -> Path:
        """There while a run changes things, and after one that did not come to its end."""
        return self._path.with_name(f"{self._path.name}.unfinished")

    @contextmanager
    def _to_the_end(self) -> Iterator[bool]:
        """Marks a run until it ends; whether the one before came to its end."""
        ended = not self._unfinished.exists()
        try:
            self._unfinished.touch()
        except OSError as error:
            raise EngineError(
                f"{self._unfinished} cannot be written ({error.strerror}); nothing was changed. "
                f"Make {self._path.parent} writable, or make room on its disk, and run the "
                f"command again",
                rule="state-mark-unwritable",
            ) from error
        try:
            yield ended
        except ProjectError:
            if ended:
                self._unfinished.unlink(missing_ok=True)  # nothing was begun
            raise
        self._unfinished.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, project: Project) -> Iterator[Journal]:
        with locked(self._path, self._lock_timeout):
            file = self._file(project)
            yield self._journal(file.load(), file.save)

    def _journal(self, state: State, save: Callable[[State], None] | None) -> Journal:
        return Journal(state, self._providers, Report(self._on_event), save, self._account)

    def _file(self, project: Project) -> StateFile:
        return StateFile(self._path, project.name, self._stack)


def _stacks(state: State) -> set[str]:
    """What the resources of a state are tagged with as their stack."""
    tags = [item.inputs.get("tags") or {} for item in [*state.live.values(), *state.old]]
    return {each[STACK] for each in tags if STACK in each}


def _summary(journal: Journal) -> Summary:
    return journal.report.summary(_masked(journal.state))


def _masked(state: State) -> Values:
    return state.outputs | dict.fromkeys(state.secret_outputs, MASK)
