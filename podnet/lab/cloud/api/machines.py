"""What the API asks of the machines behind its instances."""

from __future__ import annotations

from dataclasses import dataclass

from podnet.lab.cloud.api.consoles import Consoles, nothing
from podnet.lab.cloud.api.ssm.run_command import Execute, nobody


@dataclass(frozen=True, kw_only=True, slots=True)
class Machines:
    """The machines of a lab; none by default."""

    consoles: Consoles = nothing
    execute: Execute = nobody
