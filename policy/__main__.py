"""The policy pack: Pulumi runs it in previews and deployments with `--policy-pack policy`."""

from __future__ import annotations

import sys
from pathlib import Path

# The pack has a virtual environment of its own, without podnet.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pulumi_policy import EnforcementLevel, PolicyPack

from policy.adapter import policies

PolicyPack("podnet", policies(), enforcement_level=EnforcementLevel.MANDATORY)
