"""The provider plugins in the CLI's home: the lab's own, or real ones that the user has."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.providers import plugin
from podnet.lab.providers.aws.plugin import install as install_aws
from podnet.lab.providers.kubernetes.plugin import install as install_kubernetes
from podnet.system.files import write_atomically

OWN = "lab"
"""The choice of the lab's own plugin, where a path would choose a real one."""
INSTALL = {"aws": install_aws, "kubernetes": install_kubernetes}
KEPT = "providers.json"


def install(home: Path) -> None:
    """Put the plugin of each provider where the CLI of this home finds it."""
    chosen = _kept(home)
    for name, install_own in INSTALL.items():
        if name in chosen:
            plugin.install(home, name, "podnet.lab.providers.plugin.real", chosen[name])
        else:
            install_own(home)


def choose(home: Path, chosen: Mapping[str, str]) -> None:
    """Keep which plugin serves a provider from now on: the path of a real one, or `OWN`.

    Raises `UserError` where a path is not that of a program, and changes nothing then.
    """
    kept = _kept(home)
    for name, value in chosen.items():
        if value == OWN:
            kept.pop(name, None)
            continue
        program = Path(value).expanduser().resolve()
        if not program.is_file() or not os.access(program, os.X_OK):
            raise UserError(
                f"--{name}-provider {value}: there is no program; give the path of Pulumi's "
                f"pulumi-resource-{name}, or {OWN!r} for the lab's own",
                rule="provider-plugin-missing",
            )
        kept[name] = str(program)
    home.mkdir(parents=True, exist_ok=True)
    write_atomically(home / KEPT, json.dumps(kept))


def _kept(home: Path) -> dict[str, str]:
    file = home / KEPT
    return dict(json.loads(file.read_text())) if file.exists() else {}
