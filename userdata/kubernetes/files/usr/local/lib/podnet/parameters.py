"""The stack's SSM parameters as this node may see them, and what the machine is on AWS."""

from http.client import NOT_FOUND
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
)

SERVICE = "http://169.254.169.254/latest"
PATIENCE = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


def instance(path: str) -> str:
    """What the metadata service says of this instance; raises `LookupError` where nothing."""
    token = _ask("PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    return _ask("GET", f"meta-data/{path}", {"X-aws-ec2-metadata-token": token})


def _ask(method: str, path: str, headers: dict[str, str]) -> str:
    request = Request(f"{SERVICE}/{path}", method=method, headers=headers)  # noqa: S310  # plain HTTP
    try:
        with urlopen(request, timeout=2) as answer:  # noqa: S310  # at a fixed address
            text: str = answer.read().decode()
            return text
    except HTTPError as error:
        if error.code == NOT_FOUND:
            raise LookupError(f"the metadata service has no {path}") from error
        raise


class Store:
    """SSM, by the credentials of the instance's role."""

    def __init__(self, region: str) -> None:
        self.region = region

    def read(self, name: str) -> str:
        """The value of a parameter; raises `OSError` with what it takes to have it."""
        found = self._call("GetParameter", name, Name=name, WithDecryption=True)
        return str(found["Parameter"]["Value"])

    def write(self, name: str, value: str, *, secret: bool = False) -> None:
        """Give a parameter another value."""
        kind = "SecureString" if secret else "String"
        self._call("PutParameter", name, Name=name, Value=value, Type=kind, Overwrite=True)

    def _call(self, action: str, name: str, **request: object) -> dict[str, Any]:
        try:
            # A client made without credentials never gets any, so each call has its own.
            client = boto3.Session().client("ssm", region_name=self.region, config=PATIENCE)
            method = client.get_parameter if action == "GetParameter" else client.put_parameter
            found: dict[str, Any] = method(**request)
        except ClientError as error:
            told = error.response["Error"]
            raise OSError(_reason(told["Code"], action, name, told.get("Message", ""))) from error
        except BotoCoreError as error:
            raise OSError(f"{action} of SSM parameter {name}: {error}") from error
        return found


def _reason(code: str, action: str, name: str, message: str) -> str:
    if code == "ParameterNotFound":
        return f"SSM parameter {name} is not there; `pulumi up` of this stack makes it"
    if code == "AccessDeniedException":
        return (
            f"SSM parameter {name}: this node's role lacks ssm:{action} for it, or kms:Decrypt "
            f"for its key; `pulumi up` of this stack gives it what it needs ({message})"
        )
    return f"{action} of SSM parameter {name}: {code}: {message}"
