"""Authenticates and authorises requests by signature and by the role's policies (moto's IAM)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from werkzeug.datastructures import EnvironHeaders

from podnet.lab.cloud.api.call import ApiError
from podnet.lab.cloud.api.emulator import (
    DEFAULT_ACCOUNT_ID,
    IAMPolicy,
    IAMRequest,
    NotFoundException,
    PermissionResult,
)

ACCOUNT = DEFAULT_ACCOUNT_ID
UNSUPPORTED = ("Condition", "NotResource")
"""Elements of a policy that moto ignores or evaluates wrongly."""


class _Request(IAMRequest):
    """moto's evaluation of a request, with the error messages of services that speak JSON."""

    def require(self, resources: Iterable[str]) -> None:
        policies = [self._policy(each) for each in self._access_key.collect_policies()]
        for resource in resources:
            verdicts = {policy.is_action_permitted(self._action, resource) for policy in policies}
            if PermissionResult.DENIED in verdicts:
                self._deny(resource, "with an explicit deny in an identity-based policy")
            if PermissionResult.PERMITTED not in verdicts:
                self._deny(
                    resource, f"because no identity-based policy allows the {self._action} action"
                )

    def _policy(self, raw: object) -> IAMPolicy:
        policy = IAMPolicy(raw)
        statements = policy._policy_json["Statement"]  # noqa: SLF001  # moto has no public name for it
        for statement in statements if isinstance(statements, list) else [statements]:
            for key in UNSUPPORTED:
                if key in statement:
                    raise ApiError(
                        "NotImplemented",
                        f"the lab evaluates no policy with {key}, and "
                        f"{self._access_key.arn} has one: {statement}",
                    )
        return policy

    def _deny(self, resource: str, why: str) -> None:
        raise ApiError(
            "AccessDeniedException",
            f"User: {self._access_key.arn} is not authorized to perform: "
            f"{self._action} on resource: {resource} {why}",
        )

    def _raise_signature_does_not_match(self) -> None:
        raise ApiError(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you "
            "provided. Check your AWS Secret Access Key and signing method. Consult the "
            "service documentation for details.",
        )

    def _raise_invalid_access_key(self, _: str) -> None:
        raise ApiError(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )


def require(environ: Mapping[str, str], body: bytes, action: str, resources: Iterable[str]) -> None:
    """Return if the request's signer may do the action on all of these resources.

    Raises `ApiError` otherwise, with AWS's code and message.
    """
    if "HTTP_AUTHORIZATION" not in environ:
        raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token")
    try:
        request = _Request(
            ACCOUNT,
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            {},
            body,
            dict(EnvironHeaders(dict(environ))),
            action,
        )
        request.check_signature()
        request.require(resources)
    except (KeyError, IndexError) as error:
        raise ApiError(
            "IncompleteSignatureException",
            f"The request is not signed as Signature Version 4 requires: {error}",
        ) from error
    except NotFoundException as error:  # the role is gone while its session lives
        raise ApiError("AccessDeniedException", error.message) from error
