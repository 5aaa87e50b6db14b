"""Clients of an account by the user's ordinary credentials, and its errors as sentences."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from podnet.errors import UserError

Client = Any
"""A boto3 client: boto3 makes its classes at run time, so there is no static type."""

POLICY = "docs/iam/verifier.json"
DENIED = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")
"""Codes of a call that is not permitted (EC2 API Reference, "Error codes"; IAM's common errors)."""
REJECTED = (
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
"""Codes of credentials that AWS does not take."""
ATTEMPTS = 8


def client(service: str, region: str | None = None) -> Client:
    """A client as the AWS CLI would make it: from the environment, a profile or a role.

    Raises `UserError` where no region is known, or the user's configuration is broken.
    """
    # Here, since help and completion name these modules too: boto3 takes a quarter of a second.
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415  # loads slowly
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415  # as above

    # boto3 knows AWS_DEFAULT_REGION alone (botocore, configprovider.py); the AWS CLI, this first.
    region = region or os.environ.get("AWS_REGION") or None
    retries = {"mode": "standard", "max_attempts": ATTEMPTS}
    with explained():
        return boto3.Session().client(service, region_name=region, config=Config(retries=retries))


@contextmanager
def explained(service: str = "ec2", policy: str = POLICY) -> Iterator[None]:
    """Let what boto3 raises in the block end as a `UserError` with the way out.

    The block calls this service, as the policy allows it.
    """
    from botocore import exceptions  # type: ignore[import-untyped]  # noqa: PLC0415  # as above

    try:
        yield
    except exceptions.ClientError as error:
        raise _of_answer(error, service, policy) from error
    except exceptions.NoRegionError as error:
        raise UserError(
            "no region is known; give --region, or set AWS_REGION or the profile's region",
            rule="region-unknown",
        ) from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise UserError(
            f"no credentials for AWS are known ({error}); log in (`aws sso login`), or set "
            "AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            rule="credentials-unknown",
        ) from error
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise UserError(
            f"AWS cannot be reached: {error}; check the network, a proxy, the region's name and "
            "AWS_ENDPOINT_URL",
            rule="account-unreachable",
        ) from error
    except exceptions.BotoCoreError as error:
        raise UserError(
            f"the configuration for AWS cannot be used: {error}; mend it, `aws sts "
            "get-caller-identity` uses the same",
            rule="account-misconfigured",
        ) from error


def _of_answer(
    error: Any,  # noqa: ANN401  # botocore has no types
    service: str,
    policy: str,
) -> UserError:
    code = error.response.get("Error", {}).get("Code", "")
    text = error.response.get("Error", {}).get("Message", "")
    action = f"{service}:{error.operation_name}"
    if code in DENIED:
        return UserError(
            f"the permission {action} is missing: {text}; allow it as {policy} does",
            rule="permission-missing",
        )
    if code in REJECTED:
        return UserError(
            f"AWS does not take these credentials: {code}: {text}; log in again, or choose "
            "another AWS_PROFILE; a region that the account has not enabled ends so too",
            rule="credentials-refused",
        )
    return UserError(f"{action} failed: {code}: {text}", rule="account-call-failed")
