"""The preview of a deployment, logged before anything changes; refuses what must not happen."""

from __future__ import annotations

import pulumi

from podnet.components import lookup
from podnet.components.node_template import NodeTemplate
from podnet.plan import preview, quota
from podnet.plan.deployed import Deployed
from podnet.plan.problem import Remark
from podnet.plan.settings import Settings


def announce(settings: Settings, deployed: Deployed, template: NodeTemplate) -> None:
    """Log what happens to nodes and routing; `ValueError` where it must not happen."""
    if problem := preview.forbidden_transition(settings, deployed):
        raise ValueError(problem.text)
    if template.image_problem:
        _check_image(settings, deployed, template.image_problem)
    for remark in preview.remarks(settings, deployed):
        _log(remark)
    if settings.routes_in_vpc:
        _check_quota(settings)


def _check_image(settings: Settings, deployed: Deployed, problem: str) -> None:
    """Without a machine image nodes can stay, and none can be created."""
    if created := preview.created(settings, deployed):
        raise ValueError(preview.image_unknown(settings, created, problem).text)
    _log(preview.image_not_needed(problem))


def _check_quota(settings: Settings) -> None:
    found = lookup.route_quota()
    if found is None:
        _log(preview.unknown_quota())
    budget = quota.RouteBudget.of(settings, quota.DEFAULT if found is None else found)
    is_exceeded = budget.headroom < 0
    if is_exceeded and not settings.ignore_route_quota:
        raise ValueError(preview.too_many_routes(budget).text)
    _log(preview.route_summary(budget, is_ignored=is_exceeded))


def _log(remark: Remark) -> None:
    log = pulumi.log.warn if remark.is_warning else pulumi.log.info
    log(remark.text)
