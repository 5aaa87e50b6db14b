"""Settings of a stack that hold in this lab only: chosen by a command, kept for the next `up`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from lab.engine.project import Project
from lab.errors import LabError
from lab.home import PROJECT, Home
from lab.kubernetes.image import IMAGE_ID
from plan.kubernetes import Kubernetes
from plan.settings import Settings

FABRIC = "podnet:fabric"
IMAGE = "podnet:imageId"
KUBERNETES = "podnet:kubernetes"


def load(home: Home, stack: str) -> dict[str, str]:
    """What was kept for this stack, by key."""
    file = _file(home, stack)
    return dict(json.loads(file.read_text())) if file.exists() else {}


def keep(home: Home, stack: str, config: Mapping[str, str]) -> None:
    """Keep these too; what equals the stack's own configuration needs no keeping."""
    own = Project.load(PROJECT).config(stack, {})
    wanted = {**load(home, stack), **config}
    draft = _file(home, stack).with_suffix(".new")
    different = {key: value for key, value in wanted.items() if own.get(key) != value}
    draft.write_text(json.dumps(different, indent=2, sort_keys=True))
    draft.replace(_file(home, stack))


def over(home: Home, stack: str, config: Mapping[str, str] | None = None) -> dict[str, str]:
    """What goes over the stack's own configuration; `config`, given for one run, comes last.

    Nodes of a cluster start from the image that has one: there is no network in the lab from which
    they could fetch what another image lacks.
    """
    fabric = {} if home.fabric == "vpc" else {FABRIC: home.fabric}
    given = {**fabric, **load(home, stack), **(config or {})}
    whole = Project.load(PROJECT).config(stack, given)
    clustered = whole.get(KUBERNETES) == Kubernetes.KUBEADM and not whole.get(IMAGE)
    return {**given, IMAGE: IMAGE_ID} if clustered else given


def settings(home: Home, stack: str, config: Mapping[str, str] | None = None) -> Settings:
    """The settings that a deployment would have; raises `LabError` with all that is wrong."""
    whole = Project.load(PROJECT).config(stack, over(home, stack, config))
    try:
        return Settings.from_config(whole)
    except ValueError as error:
        raise LabError(str(error)) from error


def _file(home: Home, stack: str) -> Path:
    return home.directory / f"overrides-{stack}.json"
