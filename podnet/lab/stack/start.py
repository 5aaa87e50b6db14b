"""Starts the lab's cloud for a deployment."""

from __future__ import annotations

from podnet.cli.app import show
from podnet.cli.console import step
from podnet.lab.cloud import lifecycle, process
from podnet.lab.home import Home
from podnet.lab.images import debian
from podnet.lab.stack import stacks
from podnet.lab.stack.cloud import cloud_dead


def start_cloud(home: Home) -> str:
    """The endpoint of the lab's API, which is started unless it runs.

    Where the cloud has died, what is left of it is removed, and the terminal says what that was.
    """
    if endpoint := process.running(home):
        return endpoint
    names = stacks.deployed(home)
    if any(place.exists() for place in home.deployments):
        show(
            f"the lab's cloud has ended, and with it all that was deployed to it "
            f"({', '.join(names) or 'being removed'}): what is left of it is removed, and this "
            f"deployment starts again"
        )
    with step("image of the instances") as note:
        debian.ensure(home.image, note)
    with step("the lab's cloud") as note:
        endpoint = lifecycle.start(home)
        note(endpoint)
    return endpoint


def require_cloud(home: Home) -> str:
    """The endpoint of the lab's API, started where the lab is new; `UserError` where it has died.

    For a command that only looks: it removes nothing.
    """
    if process.running(home) is None and home.engines.exists():
        raise cloud_dead(home)
    return start_cloud(home)
