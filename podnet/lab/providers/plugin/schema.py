"""The schema of a package as the Pulumi CLI asks for it: the types and inputs that the lab serves.

The lab checks values itself and has no types for them, so every input is declared as `Any`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol


class ResourceSchema(Protocol):
    """The inputs of one resource type."""

    @property
    def required(self) -> AbstractSet[str]: ...
    @property
    def optional(self) -> AbstractSet[str]: ...
    @property
    def secret(self) -> AbstractSet[str]: ...


def schema(package: str, version: str, resources: Mapping[str, ResourceSchema]) -> str:
    """The JSON text of a package schema (pulumi/pulumi, pkg/codegen/schema/pulumi.json)."""
    return json.dumps(
        {
            "name": package,
            "version": version,
            "description": "What podnet's lab serves of this package",
            # As upstream's: the part behind the slash is no module of its own.
            "meta": {"moduleFormat": "(.*)(?:/[^/]*)"},
            "provider": {},
            "resources": {token: _resource(each) for token, each in resources.items()},
        }
    )


def _resource(served: ResourceSchema) -> dict[str, object]:
    inputs = {
        name: {"$ref": "pulumi.json#/Any"} | ({"secret": True} if name in served.secret else {})
        for name in sorted(served.required | served.optional)
    }
    return {
        "inputProperties": inputs,
        "requiredInputs": sorted(served.required),
        "properties": inputs,
        "required": sorted(served.required),
    }
