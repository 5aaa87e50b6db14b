"""The preview of a deployment, logged before anything changes; refuses what must not happen."""

from __future__ import annotations

import pulumi

from podnet.components import quotas
from podnet.components.node_template import NodeTemplate
from podnet.plan import instance_type, preview, unmanaged_rules, unmasqueraded
from podnet.plan.deployed import Deployed
from podnet.plan.instance_type import InstanceType
from podnet.plan.problem import Remark
from podnet.plan.settings import Fabric, Settings, Unproved
from podnet.verify import idle, planned, refusal


def announce(
    settings: Settings, stack: str, deployed: Deployed, template: NodeTemplate, kind: InstanceType
) -> None:
    """Log what happens to nodes and routing; `ValueError` where it must not happen."""
    if problem := next(instance_type.problems(kind, settings), None):
        raise ValueError(problem.text)
    if problem := preview.forbidden_transition(settings, deployed):
        raise ValueError(problem.text)
    if problem := preview.address_occupied(settings, deployed):
        raise ValueError(problem.text)
    if problem := unmasqueraded.forbidden(settings, deployed):
        raise ValueError(problem.text)
    if problem := preview.engine_removed(settings, deployed):
        raise ValueError(problem.text)
    if template.image_problem:
        _check_image(settings, deployed, template.image_problem)
    _prove(settings)
    for remark in (
        *instance_type.remarks(kind),
        *preview.remarks(settings, deployed),
        *unmasqueraded.remarks(settings, deployed),
        *unmanaged_rules.remarks(settings, deployed.unmanaged_rules),
    ):
        _log(remark)
    _name_idle_rules(settings, deployed)
    for remark in quotas.check(settings, stack, deployed, kind):
        _log(remark)


def _prove(settings: Settings) -> None:
    """Walk every kind of packet through what the settings make, before any of it is made."""
    if settings.fabric is Fabric.SWITCH:
        return
    proof = planned.proof(settings)
    if proof.holds:
        return
    if settings.unproved is Unproved.REFUSE:
        raise ValueError(refusal.unproved(proof).text)
    _log(refusal.unproved_allowed(proof))


def _name_idle_rules(settings: Settings, deployed: Deployed) -> None:
    if settings.fabric is Fabric.VPC and (named := idle.remark(settings, deployed.unmanaged_rules)):
        _log(named)


def _check_image(settings: Settings, deployed: Deployed, problem: str) -> None:
    """Without a machine image nodes can stay, and none can be created."""
    if created := preview.created(settings, deployed):
        raise ValueError(preview.image_unknown(settings, created, problem).text)
    _log(preview.image_not_needed(problem))


def _log(remark: Remark) -> None:
    log = pulumi.log.warn if remark.is_warning else pulumi.log.info
    log(remark.text)
