"""Refusals of calls that no policy allows, in AWS's words."""

from __future__ import annotations

from podnet.lab.cloud.api.call import ApiError
from podnet.lab.cloud.api.emulator import DEFAULT_ACCOUNT_ID

PRINCIPAL = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:user/deployer"


def denied(action: str, resource: str = "*", *, in_json: bool = False) -> ApiError:
    """The error for an action on a resource that no policy allows.

    EC2's code and first sentence differ from those of all others (EC2 API guide, "Error codes",
    UnauthorizedOperation; IAM User Guide, "Troubleshoot access denied error messages").
    """
    why = (
        f"User: {PRINCIPAL} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    if action.startswith("ec2:") or action == "iam:PassRole":
        first = "You are not authorized to perform this operation."
        return ApiError("UnauthorizedOperation", f"{first} {why}", 403)
    if in_json:
        return ApiError("AccessDeniedException", why, 400)
    return ApiError("AccessDenied", why, 403)
