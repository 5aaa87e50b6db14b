"""Refuses what the fabric does not model, with the id it was found on and the reason."""

from __future__ import annotations

from podnet.errors import UserError
from podnet.world.model import World


class UnmodelledError(UserError):
    """The API shows something the fabric does not model, so the lab refuses to guess."""


def refuse(world: World) -> None:
    """Raise `UnmodelledError` with all that the model does not hold."""
    if world.unmodelled:
        found = "; ".join(map(str, world.unmodelled))
        raise UnmodelledError(
            f"{found}, which the lab does not model; remove it, or try it on AWS",
            rule="not-modelled",
        )
