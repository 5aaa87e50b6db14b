"""What the resources under test stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TAGS = {"Name": "one", "podnet:stack": "test"}
OTHER_TAGS = {"Name": "two"}


@dataclass(frozen=True)
class World:
    """What the samples stand on."""

    vpc: Any
    other_vpc: Any
    subnet: Any
    other_subnet: Any
    table: Any
    other_table: Any
    group: Any
    other_group: Any
    role: Any
    instance: Any
    image: str
    policy: str
