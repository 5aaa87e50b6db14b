"""What the command line shows while it works: which step, and how long it took."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from podnet.system.progress import Progress

out = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
"""Results, on standard output."""
err = Console(stderr=True, highlight=False)
"""Progress and errors, on standard error."""
QUIET_SECONDS = 5.0
"""Where a line cannot be redrawn, the shortest time between two that show progress."""


@contextmanager
def step(title: str) -> Iterator[Progress]:
    """Show `title` while its block runs, with what `note(text)` says of it, and then its time."""
    began = time.monotonic()

    def elapsed() -> str:
        return f"{time.monotonic() - began:.1f} s"

    last, shown = "", began
    with err.status(f"{title} …") as status:

        def note(text: str) -> None:
            nonlocal last, shown
            last = text
            status.update(f"{title} … {text}")
            # Where nothing can be redrawn (a log), a line now and then shows that work goes on.
            if not err.is_terminal and time.monotonic() - shown > QUIET_SECONDS:
                shown = time.monotonic()
                err.print(f"  [dim]{title}: {text} ({elapsed()})[/dim]")

        try:
            yield note
        except BaseException:
            err.print(f"  [red]✗[/red] {title}" + (f" ({last})" if last else "") + f"  {elapsed()}")
            raise
    err.print(f"  [green]✓[/green] {title}" + (f" ({last})" if last else "") + f"  {elapsed()}")


class _Printer(logging.Handler):
    def __init__(self, least: int) -> None:
        super().__init__(least)

    def emit(self, record: logging.LogRecord) -> None:
        colour = "[yellow]" if record.levelno >= logging.WARNING else "[cyan]"
        for line in record.getMessage().splitlines():
            err.print(f"  {colour}│[/] ", end="")
            err.print(line, markup=False, soft_wrap=True)


@contextmanager
def program_log(*, show: bool) -> Iterator[None]:
    """Print what the program logs while the block runs; without `show`, its warnings alone."""
    program = logging.getLogger("podnet.program")
    printer = _Printer(logging.INFO if show else logging.WARNING)
    level, propagate = program.level, program.propagate
    program.setLevel(logging.INFO)
    program.propagate = False
    program.addHandler(printer)
    try:
        yield
    finally:
        program.removeHandler(printer)
        program.setLevel(level)
        program.propagate = propagate
