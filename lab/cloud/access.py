"""Who signed a request, and whether the policies of the role allow it: judged by moto's own IAM.

Read only after `lab.cloud.backend.application`, as everything that reads moto.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.access_control import IAMPolicy, IAMRequest, PermissionResult
from moto.iam.exceptions import NotFoundException
from werkzeug.datastructures import EnvironHeaders

ACCOUNT = DEFAULT_ACCOUNT_ID
UNJUDGED = ("Condition", "NotResource")
"""What moto takes no account of, or a wrong one."""


class Denied(Exception):  # noqa: N818  # an answer, not a fault
    """AWS's word for why a request is turned down, and the sentence that goes with it."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(f"{code}: {message}")


class _Request(IAMRequest):
    """A request as moto judges it, with the words of services that speak JSON."""

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
        statements = policy._policy_json["Statement"]  # noqa: SLF001  # moto tells it by no other name
        for statement in statements if isinstance(statements, list) else [statements]:
            for key in UNJUDGED:
                if key in statement:
                    raise Denied(
                        "NotImplemented",
                        f"the lab judges no policy with {key}, and "
                        f"{self._access_key.arn} has one: {statement}",
                    )
        return policy

    def _deny(self, resource: str, why: str) -> None:
        raise Denied(
            "AccessDeniedException",
            f"User: {self._access_key.arn} is not authorized to perform: "
            f"{self._action} on resource: {resource} {why}",
        )

    def _raise_signature_does_not_match(self) -> None:
        raise Denied(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you "
            "provided. Check your AWS Secret Access Key and signing method. Consult the "
            "service documentation for details.",
        )

    def _raise_invalid_access_key(self, _: str) -> None:
        raise Denied(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )


def require(environ: Mapping[str, str], body: bytes, action: str, resources: Iterable[str]) -> None:
    """Return if the one who signed this request may do the action on all of these resources.

    Raises `Denied` otherwise, with the words of AWS.
    """
    if "HTTP_AUTHORIZATION" not in environ:
        raise Denied("MissingAuthenticationTokenException", "Missing Authentication Token")
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
        raise Denied(
            "IncompleteSignatureException",
            f"The request is not signed as Signature Version 4 asks: {error}",
        ) from error
    except NotFoundException as error:  # the role is gone while its session lives
        raise Denied("AccessDeniedException", error.message) from error
