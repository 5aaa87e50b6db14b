"""The stack's SSM parameters as this node may see them, and what the machine is on AWS."""

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from metadata import LIFETIME, TOKEN, ask

PATIENCE = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


def instance(path: str) -> str:
    """What the metadata service says of this instance; raises `LookupError` where nothing."""
    token = ask("PUT", TOKEN, {"X-aws-ec2-metadata-token-ttl-seconds": LIFETIME})
    return ask("GET", f"/latest/meta-data/{path}", {"X-aws-ec2-metadata-token": token})


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

    def _call(self, action: str, name: str, **request: object) -> dict:
        try:
            # A client made without credentials never gets any, so each call has its own.
            client = boto3.Session().client("ssm", region_name=self.region, config=PATIENCE)
            method = client.get_parameter if action == "GetParameter" else client.put_parameter
            return method(**request)
        except ClientError as error:
            told = error.response["Error"]
            raise OSError(_reason(told["Code"], action, name, told.get("Message", ""))) from error
        except BotoCoreError as error:
            raise OSError(f"{action} of SSM parameter {name}: {error}") from error


def _reason(code: str, action: str, name: str, message: str) -> str:
    if code == "ParameterNotFound":
        return f"SSM parameter {name} is not there; `pulumi up` of this stack makes it"
    if code == "AccessDeniedException":
        return (
            f"SSM parameter {name}: this node's role lacks ssm:{action} for it, or kms:Decrypt "
            f"for its key; `pulumi up` of this stack gives it what it needs ({message})"
        )
    return f"{action} of SSM parameter {name}: {code}: {message}"
