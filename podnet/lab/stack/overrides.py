"""Settings of a stack that hold in this lab only: chosen by a command, saved for the next `up`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from podnet.errors import UserError
from podnet.lab.engines.project import Project
from podnet.lab.home import Home
from podnet.lab.images import catalogue
from podnet.plan.kubernetes import Kubernetes
from podnet.system.files import write_atomically

FABRIC = "podnet:fabric"
IMAGE = "podnet:imageId"
KUBERNETES = "podnet:kubernetes"
PATIENCE = {"podnet:settleTimeout": "120"}
"""Instances of the lab boot in seconds, and fetch no package."""
UNPROTECTED = {"podnet:protectControlPlane": "false"}
"""A cluster of the lab is made to be destroyed."""
WITHOUT_SESSIONS = {"podnet:sessionManager": "false"}
"""The agent of Session Manager is in a bucket of AWS, which no instance of the lab reaches."""
OF_LAB = {**PATIENCE, **UNPROTECTED, **WITHOUT_SESSIONS}
"""What a lab sets where no command does."""


def of_lab(home: Home) -> dict[str, str]:
    """What this lab sets where no command does; more patience where all is emulated."""
    patience = {key: str(int(value) * home.patience) for key, value in PATIENCE.items()}
    return {**OF_LAB, **patience}


def load(home: Home, stack: str) -> dict[str, str]:
    """The overrides of this stack, by key; raises `UserError` where they cannot be read."""
    file = home.overrides(stack)
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text())
        if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
            raise ValueError("it must be one object of text by key")  # noqa: TRY301
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"{file}, which keeps the settings of this lab, cannot be read: {error}; mend it, or "
            f"remove it to have those of the stack's file alone",
            rule="overrides-unreadable",
        ) from error
    return found


def save(home: Home, stack: str, project: Project, config: Mapping[str, str]) -> None:
    """Save these over those saved before; one that holds without being saved is dropped."""
    own = project.config(stack, of_lab(home))
    wanted = {**load(home, stack), **config}
    different = {key: value for key, value in wanted.items() if own.get(key) != value}
    file = home.overrides(stack)
    try:
        write_atomically(file, json.dumps(different, indent=2, sort_keys=True))
    except OSError as error:
        raise UserError(
            f"{file} cannot be written ({error.strerror}), so that the next deployment would not "
            f"know what this command sets: {', '.join(config)}. Make it writable, or make room on "
            f"its disk, and run the command again",
            rule="overrides-unwritable",
        ) from error


def merged(
    home: Home, stack: str, project: Project, config: Mapping[str, str] | None = None
) -> dict[str, str]:
    """All that goes over the stack's own configuration; `config`, given for one run, comes last.

    Nodes of a cluster start from the image that contains one: in the lab there is no network from
    which they could fetch what another image lacks.
    """
    fabric = {} if home.fabric == "vpc" else {FABRIC: home.fabric}
    given = {**of_lab(home), **fabric, **load(home, stack), **(config or {})}
    whole = project.config(stack, given)
    if whole.get(KUBERNETES) == Kubernetes.KUBEADM and not whole.get(IMAGE):
        return {**given, IMAGE: catalogue.KUBERNETES.image_id}
    return given
