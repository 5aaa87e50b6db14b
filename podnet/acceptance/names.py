"""Names and tags of an acceptance run: by these alone its resources are found again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from podnet.plan.tags import ORGANIZATION, STACK, identity

TAG = "podnet-acceptance"
"""The budget tag of every resource; its value is the run. Keys that begin with `podnet:` are the
program's own, and `podnet:tags` takes none of them."""
PROJECT = "podnet"
PREFIX = "acceptance-"
_RUN = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}-[0-9a-f]{6}")


def new_run(region: str) -> str:
    """The name of a run: its region, as roles have none of their own, and six random digits."""
    return f"{region}-{secrets.token_hex(3)}"


def region_of(run: str) -> str:
    """The region of a run."""
    return run.rpartition("-")[0]


def is_run(text: str) -> bool:
    """Whether a text has the form of the name of a run."""
    return _RUN.fullmatch(text) is not None


def stack_of(run: str) -> str:
    """The Pulumi stack of a run."""
    return f"{PREFIX}{run}"


def identity_of(run: str) -> str:
    """The stack of a run as its tag and its parameters name it; its state is in files."""
    return identity(ORGANIZATION, PROJECT, stack_of(run))


def run_of(tags: Mapping[str, str]) -> str | None:
    """The run that made a resource with these tags; None for whatever else there is.

    Both tags have to name the same run, so that a stack of a like name is never taken for one.
    """
    run = tags.get(TAG, "")
    return run if is_run(run) and tags.get(STACK) == identity_of(run) else None


def parameters_of(region: str) -> str:
    """How the names of the parameters of all runs in a region begin."""
    return f"/podnet/{identity_of(f'{region}-')}"


def run_of_parameter(name: str) -> str | None:
    """The run whose parameter has this name; None for any other parameter.

    A node that is not gone yet writes its parameter again without tags, so tags would not do.
    """
    first = f"/podnet/{identity_of('')}"
    run = name.removeprefix(first).partition("/")[0]
    return run if name.startswith(first) and is_run(run) else None
