"""Which stack this is, among all of an AWS account."""

from __future__ import annotations

import pulumi

from podnet.plan.tags import identity


def current() -> str:
    """The identity of the stack that is deployed."""
    return identity(pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack())
