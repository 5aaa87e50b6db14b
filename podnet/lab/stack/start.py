"""Starts the lab's cloud for a deployment."""

from __future__ import annotations

from podnet.cli.console import step
from podnet.lab.cloud import lifecycle, process
from podnet.lab.home import Home
from podnet.lab.images import debian
from podnet.lab.stack.cloud import cloud_dead


def start_cloud(home: Home) -> str:
    """The endpoint of the lab's API, which is started unless it runs.

    Raises `UserError` where stacks were deployed to a cloud that has died: an engine would trust
    its state, whose resources are gone.
    """
    if endpoint := process.running(home):
        return endpoint
    if home.engines.exists():
        raise cloud_dead(home)
    with step("image of the instances") as note:
        debian.ensure(home.image, note)
    with step("the lab's cloud") as note:
        endpoint = lifecycle.start(home)
        note(endpoint)
    return endpoint
