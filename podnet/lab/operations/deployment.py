"""Deployments of a stack: one at a time in a lab, and shown on the terminal."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from podnet.cli.console import program_log, step
from podnet.errors import UserError
from podnet.lab.engines.errors import EngineError, StateLockedError
from podnet.lab.engines.lock import holder, locked
from podnet.lab.engines.report import Summary
from podnet.lab.home import Home
from podnet.lab.host import preflight
from podnet.lab.images import apt, catalogue, debian, programs
from podnet.lab.images import kubernetes as image
from podnet.lab.operations.readiness import explained
from podnet.lab.stack.engine import summary_line
from podnet.lab.stack.lab_stack import LabStack
from podnet.system.progress import Progress

WAIT_SECONDS = 600.0
"""How long a deployment waits for another one."""
REMOVE_SECONDS = 5.0
"""How long `podnet down` waits for a deployment."""


@contextmanager
def deploying(home: Home, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lab for one deployment, or for its removal.

    Raises `UserError` where another deployment goes on for `seconds`, or where `podnet down` has
    removed the lab meanwhile.
    """
    with ExitStack() as held:
        try:
            held.enter_context(locked(home.deployment, seconds))
        except StateLockedError as error:
            raise _busy(home) from error
        # The lock's file is gone with the lab, and so holds nobody off.
        if home.removed:
            _clear_lock(home)
            raise UserError(
                f"`podnet down` removed the lab of {home.directory} while this command waited; "
                "run it again for a new lab",
                rule="lab-removed",
            )
        yield


def require_kernel(stack: LabStack, once: Mapping[str, str] | None = None) -> None:
    """End where this machine's kernel, which the nodes share, lacks what the settings ask for."""
    if stack.settings(once).node_routing.variant.gre and preflight.makes_no("gre"):
        raise UserError(
            f"encapsulation gre needs GRE, which kernel {os.uname().release} of this machine and "
            "so of the lab's nodes lacks; use encapsulation vxlan, or `podnet down` and then "
            "`podnet up --kernel user-mode`, whose kernel has it. Nothing was changed",
            rule="kernel-lacks-gre",
        )


def up(stack: LabStack, once: Mapping[str, str] | None = None, *, log: bool = True) -> Summary:
    """Deploy, with `once` over the settings; without `log`, the program's warnings are shown."""
    ensure_image(stack, once)
    with program_log(show=log), step(f"stack {stack.name}") as note, explained(stack):
        summary = stack.engine(note, once).up()
        note(summary_line(summary))
    return summary


def destroy(stack: LabStack, note: Progress) -> Summary:
    """Delete everything; says how to take the protection off where there is one."""
    try:
        return stack.engine(note).destroy()
    except EngineError as error:
        if "protected" not in str(error) and "disableApiTermination" not in str(error):
            raise
        raise UserError(
            f"{error}\npodnet:protectControlPlane protects the node that holds the cluster. Set it "
            "to false and deploy, which changes nothing else: `podnet up -c "
            "protectControlPlane=false`; then destroy",
            rule="destroy-protected",
        ) from error


def preview(stack: LabStack, once: Mapping[str, str] | None = None) -> Summary:
    """The changes that `up` would make, with the program's log."""
    with program_log(show=True), step(f"preview of stack {stack.name}"):
        return stack.engine(once=once).preview()


def plan(stack: LabStack, once: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """What `up` would leave, as `pulumi preview --json` writes it, with the program's log."""
    with program_log(show=True), step(f"preview of stack {stack.name}"):
        return stack.engine(once=once).plan()


def _clear_lock(home: Home) -> None:
    """Remove what waiting for the lock of a removed lab has made, unless a new lab is there."""
    if not Home.exists(home.directory):
        with suppress(OSError):
            home.deployment_lock.unlink()
            home.directory.rmdir()


def _busy(home: Home) -> UserError:
    file = home.deployment_lock
    process = holder(file)
    since = time.strftime("%H:%M:%S", time.localtime(file.stat().st_mtime))
    return UserError(
        f"process {process} has been deploying into the lab of {home.directory} since {since}; "
        f"wait for its end, or interrupt it with `kill -INT {process}`, and run this command again",
        rule="lab-busy",
    )


def ensure_image(stack: LabStack, once: Mapping[str, str] | None) -> None:
    """Build the image that nodes start from, where it is missing and not Debian 12's."""
    settings = stack.settings(once)
    if catalogue.recipe_of(settings.image_id or "") is catalogue.Recipe.DEBIAN_13:
        with step("Debian 13 image of the instances") as note:
            debian.ensure(stack.home.image, note, apt.NEXT_SUITE)
    if not settings.has_cluster or settings.image_id != catalogue.KUBERNETES.image_id:
        return
    built = programs.version("kubernetes")
    if f"v{settings.kubernetes_version}" != built:
        raise UserError(
            f"kubernetesVersion {settings.kubernetes_version}: the lab's programs are of "
            f"{built}, and no others can be fetched in it; leave the setting out",
            rule="kubernetes-version-unavailable",
        )
    with step("Kubernetes image of the instances") as note:
        image.ensure(stack.home.image, note)
