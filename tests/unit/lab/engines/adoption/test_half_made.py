"""What AWS refused after a resource was made is recorded, named, and done by the next up."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from podnet.lab.engines.embedded import ResourceError

LATER_CALLS = [
    ("ModifyVpcAttribute", "Vpc network"),
    ("AttachInternetGateway", "InternetGateway network"),
    ("RevokeSecurityGroupEgress", "SecurityGroup "),
    ("CreateTags", ""),
    ("ModifyInstanceAttribute", "Instance nodes-a-node-"),
]
"""Calls that follow the one which makes a resource, and the resource."""


@contextmanager
def denied(operation):
    """Refuses every call of this name."""
    call = BaseClient._make_api_call  # noqa: SLF001  # where botocore has all calls

    def answer(self, name, arguments):
        if name == operation:
            refusal = {"Code": "UnauthorizedOperation", "Message": "You are not authorized"}
            raise ClientError({"Error": refusal}, name)
        return call(self, name, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", answer)
        yield


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(("operation", "resource"), LATER_CALLS)
def test_what_was_half_made_is_whole_after_the_next_up(deployments, operation, resource):
    deployments.changes()
    whole = deployments.census()
    deployments.start_afresh()
    with (
        denied(operation),
        pytest.raises(ResourceError, match=f"{resource}.*{operation} was refused: Unauthorized"),
    ):
        deployments.engine().up()
    deployments.changes()

    assert deployments.census() == whole
    assert deployments.engine().preview().changes == ()
