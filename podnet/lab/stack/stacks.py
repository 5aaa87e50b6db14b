"""The stacks of a lab: those that can be deployed, those that are, and the current one."""

from __future__ import annotations

from podnet.errors import UserError
from podnet.lab.home import PROJECT, Home
from podnet.system.files import write_atomically

FIRST = "lab"
"""The stack of the first `podnet up`."""


def known() -> list[str]:
    """The stacks that `stacks/` describes."""
    return sorted(
        file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        for file in (PROJECT / "stacks").glob("Pulumi.*.yaml")
    )


def deployed(home: Home) -> list[str]:
    """The stacks that were deployed into this lab."""
    if not home.engines.is_dir():
        return []
    # A write that was killed may have left a draft, whose name begins with a dot.
    return sorted(file.name for file in home.engines.glob("[!.]*"))


def current(home: Home) -> str | None:
    """The stack that commands are for; None where nothing was deployed."""
    names = deployed(home)
    try:
        name = home.current_stack.read_text(errors="replace")
    except FileNotFoundError:
        name = FIRST
    if name in names:
        return name
    return names[0] if names else None


def select(home: Home, name: str) -> None:
    """Make a deployed stack the current one; raises `UserError` for any other."""
    write_atomically(home.current_stack, require_deployed(home, name))


def to_deploy(home: Home, given: str | None) -> str:
    """The stack for a command that may deploy a new one; `UserError` where it is unknown."""
    return _require_known(given if given is not None else current(home) or FIRST)


def require_deployed(home: Home, given: str | None) -> str:
    """The stack given, or else the current one; raises `UserError` where it is not deployed."""
    names = deployed(home)
    name = given if given is not None else current(home)
    if name is None:
        raise UserError(
            f"nothing is deployed in the lab of {home.directory}; `podnet up` deploys stack "
            f"{FIRST}, `podnet up --stack NAME` another",
            rule="nothing-deployed",
        )
    if name not in names:
        _require_known(name)
        raise UserError(
            f"stack {name} is not deployed in this lab, which has {', '.join(names) or 'none'}; "
            f"`podnet up --stack {name}` deploys it",
            rule="stack-not-deployed",
        )
    return name


def _require_known(name: str) -> str:
    if name not in known():
        raise UserError(
            f"there is no stack {name!r}; stacks/ describes {', '.join(known())}",
            rule="stack-unknown",
        )
    return name
