"""moto, prepared for the lab; the only module that imports it.

moto reads some of its settings as it is imported, so all others get it through this module.
"""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from typing import Any

from podnet.lab.images import catalogue

MANAGED_POLICIES = ("AmazonSSMManagedInstanceCore",)
"""AWS's own policies that exist in the lab; moto takes seconds to read all 1,500."""

# moto wants a file; this one is in memory, and stays open as long as this process.
_IMAGES = os.memfd_create("images")
os.write(_IMAGES, catalogue.api_list().encode())
os.environ["MOTO_AMIS_PATH"] = f"/proc/self/fd/{_IMAGES}"
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.backends import get_backend  # noqa: E402  # after its settings
from moto.core.models import DEFAULT_ACCOUNT_ID  # noqa: E402
from moto.iam import models as iam_models  # noqa: E402
from moto.iam.access_control import IAMPolicy, IAMRequest, PermissionResult  # noqa: E402
from moto.iam.exceptions import NotFoundException  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    create_backend_app,
)

# moto parses this text when IAM is first called.
_POLICIES = json.loads(iam_models.aws_managed_policies_data)  # type: ignore[attr-defined]
iam_models.aws_managed_policies_data = json.dumps(  # type: ignore[attr-defined]
    {name: _POLICIES[name] for name in MANAGED_POLICIES}
)

__all__ = [
    "DEFAULT_ACCOUNT_ID",
    "IAMPolicy",
    "IAMRequest",
    "NotFoundException",
    "PermissionResult",
    "application",
    "states_of",
]


def application() -> DomainDispatcherApplication:
    """A WSGI application with the state of one AWS account."""
    return DomainDispatcherApplication(create_backend_app)


def states_of(service: str, region: str) -> tuple[MutableMapping[str, Any], str]:
    """The states of a service by place, and the place of a region."""
    # IAM has one state for all regions of a partition.
    place = "aws" if service == "iam" else region
    states: MutableMapping[str, Any] = get_backend(service)[DEFAULT_ACCOUNT_ID]  # type: ignore[call-overload]
    return states, place
