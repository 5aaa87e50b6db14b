"""The lab's cloud as the commands find it: running, not yet there, or dead."""

from __future__ import annotations

from lab import image
from lab.cli.console import step
from lab.cloud import control
from lab.errors import LabError
from lab.home import Home


def start_cloud(home: Home) -> str:
    """The endpoint of the lab's API, which is started unless it runs.

    Raises `LabError` where stacks were deployed to a cloud that is no more: an engine would
    believe its record of resources that nothing holds.
    """
    if endpoint := control.running(home):
        return endpoint
    if (home.directory / "engines").exists():
        raise _dead(home)
    with step("image of the instances") as note:
        image.ensure(home.image, note)
    with step("the lab's cloud") as note:
        endpoint = control.start(home)
        note(endpoint)
    return endpoint


def running_cloud(home: Home) -> str:
    """The endpoint of the lab's API; raises `LabError` where it is not running."""
    endpoint = control.running(home)
    if endpoint is None:
        raise _dead(home)
    return endpoint


def _dead(home: Home) -> LabError:
    return LabError(
        f"the lab's cloud is not running, and what it held is gone with it; its last words are "
        f"in {home.directory / 'cloud.log'}. `podnet down` clears the rest, then `podnet up`"
    )
