"""The plan of podnet's own program as a first preview writes it, and ways to change it."""

from __future__ import annotations

import copy
import json
import re
from functools import cache

from podnet.verify import plan_file
from podnet.world.plan.file import UNKNOWN
from tests.program.conftest import FakeCloud

STACK = "pulumi:pulumi:Stack"
DRAWN = re.compile(r".*-id|eni-.*|public-.*|.*-drawn")
"""What the mocks give where a cloud draws a value."""


class Plan:
    """A plan, step by step; each change gives another one."""

    def __init__(self, steps, config):
        self.steps, self.config = steps, config

    @classmethod
    @cache
    def of(cls, **settings: str) -> Plan:
        cloud = FakeCloud().has_cluster(2).deploy(**settings)
        return cls(
            [_step(item) for item in cloud.sorted()],
            {f"podnet:{name}": value for name, value in settings.items()},
        )

    @property
    def content(self):
        return {
            "config": self.config,
            "steps": self.steps,
            "changeSummary": {"create": len(self.steps)},
        }

    @property
    def text(self) -> str:
        return json.dumps(self.content)

    def proof(self):
        return plan_file.subject(self.text, "the plan").prove()

    def find(self, kind: str, name: str):
        """The planned state of the one resource of this kind and name."""
        (state,) = (
            step["newState"]
            for step in self.steps
            if step["newState"]["type"].endswith(f":{kind}") and step["urn"].endswith(f"::{name}")
        )
        return state

    def without(self, kind: str, name: str) -> Plan:
        urn = self.find(kind, name)["urn"]
        return Plan([step for step in self.steps if step["urn"] != urn], self.config)

    def changed(self, kind: str, name: str, **inputs) -> Plan:
        """Other inputs; one that is a `Plan.find` result is taken from that resource."""
        other = copy.deepcopy(self)
        state = other.find(kind, name)
        for key, value in inputs.items():
            is_taken = isinstance(value, dict) and "urn" in value
            state["inputs"][key] = UNKNOWN if is_taken else value
            state["propertyDependencies"][key] = [value["urn"]] if is_taken else []
        return other

    def with_resource(self, type_: str, name: str, **inputs) -> Plan:
        urn = f"urn:pulumi:test::podnet::{type_}::{name}"
        state = {"urn": urn, "type": type_, "custom": True, "inputs": {}}
        step = {"op": "create", "urn": urn, "newState": {**state, "propertyDependencies": {}}}
        return Plan([*self.steps, step], self.config).changed(
            type_.rpartition(":")[2], name, **inputs
        )


def failing(proof):
    """What fails, as {(from, to): cause}."""
    return {
        tuple(map(str, verdict.pair)): getattr(verdict.failure, "cause", verdict.failure)
        for verdict in proof.failed
    }


def _step(item):
    inputs = {
        name: _unknown(value) if item.sources.get(name) else value
        for name, value in item.inputs.items()
    }
    return {
        "op": "create",
        "urn": item.urn,
        "newState": {
            "urn": item.urn,
            "type": item.type,
            "custom": item.custom,
            "inputs": inputs,
            "propertyDependencies": {name: list(urns) for name, urns in item.sources.items()},
        },
    }


def _unknown(value):
    if isinstance(value, dict):
        return {name: _unknown(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_unknown(item) for item in value]
    is_drawn = isinstance(value, str) and DRAWN.fullmatch(value)
    return UNKNOWN if is_drawn else value
