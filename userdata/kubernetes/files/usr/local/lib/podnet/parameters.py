"""The stack's SSM parameters, and the metadata of the instance."""

from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
)
from metadata import MetadataService

CLIENT_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


def instance(path: str) -> str:
    """A value of the instance's metadata; raises `LookupError` if there is none."""
    # With a new token each time: the control plane runs for longer than a token is valid.
    return MetadataService(timeout=2).read(path)


class Store:
    """SSM, with the credentials of the instance's role."""

    def __init__(self, region: str) -> None:
        self.region = region

    def read(self, name: str) -> str:
        """The value of a parameter; raises `OSError` with the way out."""
        found = self._call("GetParameter", name, Name=name, WithDecryption=True)
        return str(found["Parameter"]["Value"])

    def write(self, name: str, value: str, *, secret: bool = False) -> None:
        """Set the value of a parameter."""
        kind = "SecureString" if secret else "String"
        self._call("PutParameter", name, Name=name, Value=value, Type=kind, Overwrite=True)

    def _call(self, action: str, name: str, **request: object) -> dict[str, Any]:
        try:
            # A client created without credentials never gets any, so each call has its own.
            client = boto3.Session().client("ssm", region_name=self.region, config=CLIENT_CONFIG)
            method = client.get_parameter if action == "GetParameter" else client.put_parameter
            found: dict[str, Any] = method(**request)
        except ClientError as error:
            answer = error.response["Error"]
            reason = _reason(answer["Code"], action, name, answer.get("Message", ""))
            raise OSError(reason) from error
        except BotoCoreError as error:
            raise OSError(f"{action} of SSM parameter {name}: {error}") from error
        return found


def _reason(code: str, action: str, name: str, message: str) -> str:
    if code == "ParameterNotFound":
        return f"SSM parameter {name} does not exist; `pulumi up` of this stack creates it"
    if code == "AccessDeniedException":
        return (
            f"SSM parameter {name}: this node's role lacks ssm:{action} for it, or kms:Decrypt "
            f"for its key; `pulumi up` of this stack grants both ({message})"
        )
    return f"{action} of SSM parameter {name}: {code}: {message}"
