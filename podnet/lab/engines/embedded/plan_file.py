"""The plan of a preview as the Pulumi CLI writes it (`pulumi preview --json --show-sames`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from podnet.lab.engines.embedded.state import Resource
from podnet.lab.engines.report import MASK, Step
from podnet.lab.providers import wire
from podnet.lab.providers.protocol import Values


def plan_file(
    config: Mapping[str, str],
    steps: Iterable[Step],
    before: Mapping[str, Resource],
    after: Mapping[str, Resource],
) -> Values:
    """The plan with every resource, also those that stay; secret values are masked.

    `before` and `after` are the live resources by URN. The steps have what podnet reads of the
    CLI's: operation, URN and states.
    """
    listed = [step for step in steps if step.urn]
    return {
        "config": dict(config),
        "steps": [
            {
                "op": step.op,
                "urn": step.urn,
                **_state("oldState", before.get(step.urn)),
                **_state("newState", after.get(step.urn)),
            }
            for step in listed
        ],
        "changeSummary": {
            op: sum(step.op == op for step in listed) for op in {step.op for step in listed}
        },
    }


def _state(name: str, resource: Resource | None) -> Values:
    if resource is None:
        return {}
    return {
        name: {
            "urn": resource.urn,
            "custom": resource.custom,
            "id": resource.id,
            "type": resource.type,
            "inputs": _shown(resource.inputs, resource.secret),
            "outputs": _shown(resource.outputs, resource.secret),
            "parent": resource.parent,
            "protect": resource.protect,
            "dependencies": resource.dependencies,
            "propertyDependencies": resource.property_dependencies,
        }
    }


def _shown(values: Values, secret: Iterable[str]) -> Values:
    hidden = values.keys() & {*secret}
    return {name: MASK if name in hidden else wire.marked(values[name]) for name in values}
