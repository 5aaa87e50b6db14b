"""Tables as all commands print them."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Column, Table


def table(*headers: str, numbers: Sequence[str] = ()) -> Table:
    """A table whose cells are never cut, so that addresses can be copied.

    The columns of `numbers` follow those of `headers`, and are flush right.
    """
    texts = (Column(header, overflow="fold") for header in headers)
    right = (Column(header, overflow="fold", justify="right") for header in numbers)
    return Table(*texts, *right, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
