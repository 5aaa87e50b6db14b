"""The four things one can ask of a stack: preview, up, refresh, destroy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab.engine import program
from lab.engine.deployment import Deployment
from lab.engine.errors import EngineError, ProjectError
from lab.engine.journal import Journal
from lab.engine.lock import locked
from lab.engine.monitor import Monitor
from lab.engine.project import Project
from lab.engine.providers import WithProviders
from lab.engine.report import Event, Report, Summary
from lab.engine.state import State, StateFile
from lab.engine.values import Provider, ProviderError, Values

LOCK_TIMEOUT = 30.0
MASK = "[secret]"


class Engine:
    """Deploys one stack of a Pulumi project through a provider, without the Pulumi CLI."""

    def __init__(  # noqa: PLR0913, PLR0917  # what it takes to say what is deployed where
        self,
        project: Path,
        stack: str,
        state: Path,
        provider: Provider,
        on_event: Callable[[Event], None] | None = None,
        config: Mapping[str, str] | None = None,
        *,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        """Names the project's directory, its stack and the file that keeps the stack's state.

        `config` goes over the stack's own configuration; a second engine on the same state waits
        `lock_timeout` seconds for the first, then raises `StateLocked`.
        """
        self._directory = project.resolve()
        self._stack = stack
        self._path = state.resolve()
        self._provider = WithProviders(provider)
        self._on_event = on_event
        self._overrides = dict(config or {})
        self._lock_timeout = lock_timeout

    def preview(self) -> Summary:
        """What `up` would do. Changes nothing, takes no lock."""
        project = Project.load(self._directory)
        state = self._file(project).load()
        return self._deploy(project, self._journal(state, None), look=self._unfinished.exists())

    def up(self) -> Summary:
        """Run the program and bring the stack to what it wants."""
        project = Project.load(self._directory)
        with self._locked(project) as journal, self._to_the_end() as ended:
            return self._deploy(project, journal, look=not ended)

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
            Deployment(journal).destroy()
            journal.state.outputs, journal.state.secret_outputs = {}, []
            journal.save()
            return _summary(journal)

    def outputs(self) -> Values:
        """The exports of the last `up`; secret ones read `[secret]`."""
        return _masked(self._file(Project.load(self._directory)).load())

    def _deploy(self, project: Project, journal: Journal, *, look: bool) -> Summary:
        config = self._configured(project)
        journal.recover()
        if look:
            # One resource may take away what another one made, as a list of all permitted rules
            # does with rules; of a run that ended between the two no record tells.
            journal.quietly().refresh()
        deployment = Deployment(journal)
        monitor = Monitor(project.name, self._stack, deployment, journal)
        try:
            program.run(project.program, config, monitor, dry=journal.dry)
        except EngineError as error:
            # The SDK makes its own story of a resource that failed; the first failure is the cause.
            if deployment.failure is not None:
                raise deployment.failure from error
            raise
        deployment.finish()
        journal.state.outputs = monitor.outputs
        journal.state.secret_outputs = monitor.secret_outputs
        journal.save()
        return _summary(journal)

    def _configured(self, project: Project) -> dict[str, str]:
        """The stack's configuration, after the provider has taken its part of it."""
        config = project.config(self._stack, self._overrides)
        try:
            self._provider.configure(config)
        except ProviderError as error:
            raise ProjectError(
                f"the configuration of stack {self._stack} was refused: {error}"
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
        self._unfinished.touch()
        try:
            yield ended
        except ProjectError:
            if ended:
                self._unfinished.unlink()  # nothing was begun
            raise
        self._unfinished.unlink()

    @contextmanager
    def _locked(self, project: Project) -> Iterator[Journal]:
        with locked(self._path, self._lock_timeout):
            file = self._file(project)
            yield self._journal(file.load(), file.save)

    def _journal(self, state: State, save: Callable[[State], None] | None) -> Journal:
        return Journal(state, self._provider, Report(self._on_event), save)

    def _file(self, project: Project) -> StateFile:
        return StateFile(self._path, project.name, self._stack)


def _summary(journal: Journal) -> Summary:
    return journal.report.summary(_masked(journal.state))


def _masked(state: State) -> Values:
    return state.outputs | dict.fromkeys(state.secret_outputs, MASK)
