"""Runs a project's `__main__.py` in this process as the CLI would, and cleans up behind it."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import json
import os
import signal
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi import RunError
from pulumi.runtime import Settings, configure, reset_options, run_in_stack, set_all_config

from podnet.errors import UserError
from podnet.lab.engines.embedded.monitor import Monitor, ProgramLog
from podnet.lab.engines.errors import ProgramError
from podnet.plan.tags import ORGANIZATION

EXIT_AFTER_LOGGED_ERROR = 32
"""The exit code of a program whose error is logged; the CLI's language host adds none to it."""
CANCELLATIONS = 20
PACKAGE = __name__.partition(".")[0]
PROGRAM = {"components", "plan", "userdata", "verify", "world"}
"""Packages of podnet that belong to the program; the engine itself needs the others."""


def run(directory: Path, config: Mapping[str, str], monitor: Monitor, *, dry: bool) -> None:
    """Run the program in `directory` against a monitor; raises `ProgramError` if it fails."""
    main = directory / "__main__.py"
    if not main.is_file():
        raise ProgramError(
            f"{main} is not there; a Python program needs it", rule="program-missing"
        )
    log = ProgramLog()

    def settings() -> Settings:
        return Settings(
            monitor.project,
            monitor.stack,
            monitor,
            log,
            dry_run=dry,
            organization=ORGANIZATION,
            root_directory=str(directory),
        )

    with _own_process(directory, config) as module:
        # A copied context keeps all that the SDK sets in context variables out of the caller's.
        exited = contextvars.copy_context().run(_run, main, module, settings, config)
    if exited is not None and not (log.errors and exited.code == EXIT_AFTER_LOGGED_ERROR):
        raise ProgramError(
            f"the program called sys.exit({exited.code!r})", rule="program-called-exit"
        ) from exited
    if log.errors:
        raise ProgramError("\n".join(log.errors), rule="program-logged-errors")


def _run(
    main: Path,
    module: types.ModuleType,
    settings: Callable[[], Settings],
    config: Mapping[str, str],
) -> SystemExit | None:
    reset_options()
    # Settings live in context variables: made any earlier, they would be the caller's.
    configure(settings())
    set_all_config(dict(config), [])

    def program() -> None:
        exec(compile(main.read_bytes(), main, "exec"), module.__dict__)  # noqa: S102

    loop = asyncio.new_event_loop()
    # Errors that nobody awaited follow from the one that ends the run.
    loop.set_exception_handler(lambda _loop, _context: None)
    loop.set_default_executor(_Inline())
    try:
        with _interruptible(loop) as interrupted:
            try:
                loop.run_until_complete(run_in_stack(program))
            except Exception as error:
                if interrupted:
                    raise KeyboardInterrupt from None
                raise ProgramError(_message(error, main.parent), rule="program-failed") from error
    except SystemExit as exited:
        return exited
    finally:
        _close(loop)
    return None


@contextmanager
def _interruptible(loop: asyncio.AbstractEventLoop) -> Iterator[list[int]]:
    """Let SIGINT end the loop wherever it strikes; yields the signals that came.

    The SDK's `run_pulumi_func` holds back whatever the program raises, an interrupt too, until all
    calls have ended: those of a resource that is half made when it strikes never do.
    """
    came: list[int] = []

    def interrupt(number: int, frame: types.FrameType | None) -> None:
        came.append(number)
        loop.stop()
        signal.default_int_handler(number, frame)

    # Only the main thread may set a handler, and only it is interrupted by one.
    main_thread = threading.current_thread() is threading.main_thread()
    if not main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield came
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class _Inline(ThreadPoolExecutor):
    """Runs every call at once, where it is: one resource after the other, in a fixed order.

    So the provider and the state need no locks, and an interrupt strikes where the work is.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # as Executor
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # it is the caller's, as with any executor
            done.set_exception(error)
        return done


def _close(loop: asyncio.AbstractEventLoop) -> None:
    # The SDK answers a cancellation by waiting for its calls, so one is not enough for all tasks.
    for _ in range(CANCELLATIONS):
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        if not pending:
            break
        loop.run_until_complete(asyncio.wait(pending, timeout=0.1))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@contextmanager
def _own_process(directory: Path, config: Mapping[str, str]) -> Iterator[types.ModuleType]:
    """Give a program the globals of its own process, and restore the engine's afterwards.

    These are `__main__`, the import path, modules, arguments, environment and working directory.
    """
    # Modules of the program that the engine's process has loaded would carry values over from the
    # run before, or from another project whose modules have the same names: each run imports its
    # own, and the caller gets its own back.
    kept = sys.path[:], sys.argv[:], dict(os.environ), Path.cwd()
    aside = {name: sys.modules[name] for name in ["__main__", *_modules_of(directory)]}
    module = types.ModuleType("__main__")
    module.__file__ = str(directory / "__main__.py")
    try:
        for name in aside:
            del sys.modules[name]
        sys.modules["__main__"] = module
        sys.path.insert(0, str(directory))
        sys.argv[:] = [str(directory)]
        os.environ["PULUMI_CONFIG"] = json.dumps(dict(config))
        os.chdir(directory)
        importlib.invalidate_caches()
        yield module
    finally:
        for name in _modules_of(directory):
            del sys.modules[name]
        sys.modules.update(aside)
        path, argv, environment, cwd = kept
        sys.path[:], sys.argv[:] = path, argv
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)
        os.chdir(cwd)


def _modules_of(directory: Path) -> list[str]:
    """Names of loaded modules that are the program's own: each run imports them afresh."""
    # A copy: a finalizer that runs meanwhile may import a module.
    return [
        name
        for name, module in sys.modules.copy().items()
        if name != "__main__" and _is_program(name, getattr(module, "__file__", None), directory)
    ]


def _is_program(name: str, file: str | None, directory: Path) -> bool:
    """Whether a module is the program's: podnet's by its name, wherever it is installed."""
    package, *inner = name.split(".")
    if package == PACKAGE:
        return not inner or inner[0] in PROGRAM
    return _is_own(file, directory)


def _is_engine(parts: Sequence[str]) -> bool:
    """Whether a path in the project is outside the program."""
    return len(parts) > 1 and parts[0] == PACKAGE and parts[1] not in PROGRAM


def _is_own(file: str | None, directory: Path) -> bool:
    path = Path(file) if file else None
    # A virtual environment is often inside the project; what is installed there is shared.
    return (
        path is not None
        and path.is_relative_to(directory)
        and "site-packages" not in path.parts
        and not path.is_relative_to(sys.prefix)
    )


def _message(error: Exception, directory: Path) -> str:
    """The program's own message; with the place in the program where it is no message by design."""
    owner = sys.modules.get(type(error).__module__)
    by_design = isinstance(error, RunError | UserError)
    if by_design or _is_own(getattr(owner, "__file__", None), directory):
        return str(error)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if _is_own(frame.filename, directory)
        and not _is_engine(Path(frame.filename).relative_to(directory).parts)
    ]
    places = [
        f"\n  at {Path(frame.filename).relative_to(directory)}:{frame.lineno} "
        f"in {frame.name}: {frame.line}"
        for frame in frames
    ]
    return f"{type(error).__name__}: {error}{''.join(places)}"
