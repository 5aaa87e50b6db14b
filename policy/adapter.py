"""From what Pulumi hands to a policy to what the checks take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    Policy,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from podnet.verify import policies as checks
from podnet.world.plan.file import UNKNOWN, Planned


def policies() -> list[Policy]:
    """The policies of the pack."""
    return [_of_one(each) if each.is_of_one else _of_stack(each) for each in checks.POLICIES]


def _of_one(policy: checks.Policy) -> ResourceValidationPolicy:
    """A policy that Pulumi asks with the inputs of one resource, before it is made or changed."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        given = plain(args.props)
        for _, message in policy.check([Planned(urn=args.urn, inputs=given)]):
            report(message, args.urn)

    return ResourceValidationPolicy(policy.name, policy.description, validate)


def _of_stack(policy: checks.Policy) -> StackValidationPolicy:
    """A policy that Pulumi asks with all resources of the stack, as they are to be."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for one, message in policy.check(planned(args.resources)):
            report(message, one.urn)

    return StackValidationPolicy(policy.name, policy.description, validate)


def planned(resources: Iterable[PolicyResource]) -> list[Planned]:
    """The resources of a stack; what is not known yet has Pulumi's marker."""
    return [
        Planned(
            urn=one.urn,
            inputs=plain(one.props),
            outputs=plain(one.props),
            sources={
                name: tuple(source.urn for source in sources)
                for name, sources in one.property_dependencies.items()
            },
        )
        for one in resources
    ]


def plain(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """A value without the proxies that raise where a value is not known."""
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_item(value, index) for index in range(len(value))]
    return value


def _item(container: Any, key: Any) -> Any:  # noqa: ANN401  # any JSON value
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN
