"""The table of settings in docs/settings.md, from the fields of `Settings` and Pulumi.yaml.

`python -m docs.settings` writes the page; a test refuses one that is stale.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Network
from pathlib import Path
from typing import get_type_hints

import yaml

from podnet.plan.config import NAMESPACE, PARSERS
from podnet.plan.settings import Settings
from podnet.plan.shape import RootVolume

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "settings.md"

HEAD = f"""\
# Settings
A stack file in `stacks/` holds a setting as `{NAMESPACE}:NAME`, for example
`{NAMESPACE}:routing: overlay`; a setting that it leaves out has its default. podnet reports every
value that it refuses before it deploys anything. [Modes](modes.md#how-to-choose) helps to choose a
routing, and [operating](operating.md#what-a-change-replaces) lists what a change replaces.
`.venv/bin/python -m docs.settings` writes this page from the code.

| Setting | Type | Default | Description |
| --- | --- | --- | --- |
"""

TYPES: Mapping[object, str] = {
    IPv4Network: "IPv4 range",
    bool: "boolean",
    int: "integer",
    int | tuple[int, ...]: "integer or list of integers",
    str: "string",
    str | None: "string",
    Mapping[str, str]: "map of strings",
    Mapping[str, object]: "object",
    RootVolume: "object",
    tuple[IPv4Network, ...]: "list of IPv4 ranges",
    tuple[str, ...]: "list of strings",
}


def page() -> str:
    """The whole page; raises `KeyError` for a field whose type has no name in `TYPES`."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    types, defaults = get_type_hints(Settings), Settings()
    return HEAD + "".join(
        f"| `{name}` | {_type(types[attribute])} | `{_yaml(getattr(defaults, attribute))}` "
        f"| {declared[name]['description']} |\n"
        for name, (attribute, _) in PARSERS.items()
    )


def _type(kind: object) -> str:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return " or ".join(f"`{each}`" for each in kind)
    return TYPES[kind]


def _yaml(value: object) -> str:
    """A default as a stack file writes it."""
    if value is None:
        return '""'
    if isinstance(value, RootVolume):
        return "{}"
    return json.dumps(value) if isinstance(value, bool | tuple | dict) else str(value)


if __name__ == "__main__":
    PAGE.write_text(page())
