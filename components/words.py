"""What a deployment says about itself, before it changes anything."""

from __future__ import annotations

import pulumi

from components import lookup
from plan import quota
from plan.remarks import refusal, remarks
from plan.settings import Settings
from plan.switch import Deployed, tell


def say(settings: Settings, deployed: Deployed) -> None:
    """Say what happens to nodes and routing; `ValueError` where it cannot happen."""
    if reason := refusal(settings, deployed):
        raise ValueError(reason)
    for text in (*remarks(settings), *tell(settings, deployed)):
        pulumi.log.info(text)
    if deployed.foreign:
        pulumi.log.warn(
            f"routes in the pod range {settings.pod_cidr} that podnet did not make: "
            f"{', '.join(deployed.foreign)}; they are left alone, delete them if nobody needs them"
        )
    if settings.routes_in_vpc:
        _say_routes(settings)


def _say_routes(settings: Settings) -> None:
    told = lookup.route_quota()
    if told is None:
        pulumi.log.warn(
            f"Service Quotas does not tell how many routes a route table may hold; taken for "
            f"AWS's default of {quota.DEFAULT}"
        )
    routes = quota.Routes.of(settings, quota.DEFAULT if told is None else told)
    if routes.headroom >= 0:
        pulumi.log.info(routes.count())
    elif settings.ignore_route_quota:
        pulumi.log.warn(f"podnet:ignoreRouteQuota is set, so this is tried: {routes.count()}")
    else:
        raise ValueError(routes.excess())
