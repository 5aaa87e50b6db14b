"""Runs a project's `__main__.py` in this process as the CLI would, and cleans up behind it."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import json
import os
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi import RunError
from pulumi.runtime import Settings, configure, reset_options, run_in_stack, set_all_config

from lab.engine.errors import ProgramError
from lab.engine.monitor import Monitor, ProgramLog

ENGINE = __name__.partition(".")[0]
"""The package that is running; it may lie in the project, but is no part of the program."""


def run(directory: Path, config: Mapping[str, str], monitor: Monitor, *, dry: bool) -> None:
    """Run the program in `directory` against a monitor; raises `ProgramError` if it fails."""
    main = directory / "__main__.py"
    if not main.is_file():
        raise ProgramError(f"{main} is not there; a Python program needs it")
    log = ProgramLog()

    def settings() -> Settings:
        return Settings(
            monitor.project,
            monitor.stack,
            monitor,
            log,
            dry_run=dry,
            organization="organization",
            root_directory=str(directory),
        )

    with _own_process(directory, config) as module:
        # A copied context keeps all that the SDK sets in context variables out of the caller's.
        contextvars.copy_context().run(_run, main, module, settings, config)
    if log.errors:
        raise ProgramError("\n".join(log.errors))


def _run(
    main: Path,
    module: types.ModuleType,
    settings: Callable[[], Settings],
    config: Mapping[str, str],
) -> None:
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
        loop.run_until_complete(run_in_stack(program))
    except Exception as error:
        raise ProgramError(_told(error, main.parent)) from error
    except SystemExit as error:
        raise ProgramError(f"the program called sys.exit({error.code!r})") from error
    finally:
        _close(loop)


class _Inline(ThreadPoolExecutor):
    """Runs every call at once, where it is: one resource after the other, in a settled order.

    So the provider and the state need no locks, and an interrupt strikes where the work is.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # it is the caller's, as with any executor
            done.set_exception(error)
        return done


def _close(loop: asyncio.AbstractEventLoop) -> None:
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    if pending:
        loop.run_until_complete(asyncio.wait(pending))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@contextmanager
def _own_process(directory: Path, config: Mapping[str, str]) -> Iterator[types.ModuleType]:
    """What a process of its own would give a program: `__main__`, path, modules, environment."""
    kept = sys.path[:], sys.argv[:], dict(os.environ), Path.cwd()
    aside = {name: sys.modules.pop(name) for name in _modules_of(directory)}
    aside["__main__"] = sys.modules["__main__"]
    module = types.ModuleType("__main__")
    module.__file__ = str(directory / "__main__.py")
    sys.modules["__main__"] = module
    sys.path.insert(0, str(directory))
    sys.argv[:] = [str(directory)]
    os.environ["PULUMI_CONFIG"] = json.dumps(dict(config))
    os.chdir(directory)
    importlib.invalidate_caches()
    try:
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
    return [
        name
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] not in (ENGINE, "__main__")
        and _is_own(getattr(module, "__file__", None), directory)
    ]


def _is_own(file: str | None, directory: Path) -> bool:
    path = Path(file) if file else None
    # A virtual environment is often inside the project; what is installed there is shared.
    return (
        path is not None
        and path.is_relative_to(directory)
        and "site-packages" not in path.parts
        and not path.is_relative_to(sys.prefix)
    )


def _told(error: Exception, directory: Path) -> str:
    """The program's own message; with the place in the program where it is no message by design."""
    owner = sys.modules.get(type(error).__module__)
    if isinstance(error, RunError) or _is_own(getattr(owner, "__file__", None), directory):
        return str(error)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if _is_own(frame.filename, directory)
        and Path(frame.filename).relative_to(directory).parts[0] != ENGINE
    ]
    places = [
        f"\n  at {Path(frame.filename).relative_to(directory)}:{frame.lineno} "
        f"in {frame.name}: {frame.line}"
        for frame in frames
    ]
    return f"{type(error).__name__}: {error}{''.join(places)}"
