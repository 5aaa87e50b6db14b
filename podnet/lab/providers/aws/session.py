"""The API of the lab as the provider reaches it: on loopback, with nobody's credentials."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import (  # type: ignore[import-untyped]
    ClientError,
    EndpointConnectionError,
)

from podnet.lab.clients import DEPLOYER, Client, session
from podnet.lab.providers.protocol import Values
from podnet.world.reader.calls import pages

GONE = frozenset(
    {
        "NoSuchEntity",
        "InvalidID",
        "ParameterNotFound",
        "InvalidResourceId",
        "NoSuchResourceException",
        "ResourceNotFoundException",
    }
)
"""Codes that say so without the word that EC2 ends such codes with."""

ATTEMPTS = 25
ANSWER_SECONDS = 60.0
"""As botocore waits for an answer where nothing else is said."""
ATTEMPTS_TO_CONNECT = 4
"""Where nothing listens the AWS provider gives up early too, at nine (aws-sdk-go-base,
MaxNetworkRetryCount); a lab whose API does not listen is dead."""

POLL = 0.2
"""Seconds between two requests while the API works on something."""

T = TypeVar("T")


def loopback(endpoint: str) -> str:
    """The endpoint itself; `ValueError` unless it is on this machine."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    try:
        local = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        local = False
    if parts.scheme not in {"http", "https"} or not local:
        raise ValueError(
            f"endpoint {endpoint!r} is not on this machine: the lab's provider deploys to loopback "
            f"only (http://127.0.0.0/8, http://[::1] or http://localhost); use the Pulumi CLI with "
            f"its own AWS provider for a cloud"
        )
    return endpoint


def error_code(error: ClientError) -> str:
    """The code of an API error, `InvalidVpcID.NotFound` for instance."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_gone(error: ClientError) -> bool:
    """Whether the API says that what was asked about does not exist."""
    code = error_code(error)
    return code.endswith(".NotFound") or code in GONE


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Pass over an API error that says the thing does not exist."""
    try:
        yield
    except ClientError as error:
        if not is_gone(error):
            raise


class Session:
    """Clients of one endpoint and region, and what is the same for every resource there."""

    def __init__(
        self,
        endpoint: str,
        region: str,
        ignored_tags: Collection[str],
        patience: float,
    ) -> None:
        self.endpoint = loopback(endpoint)
        self.region = region
        self.ignored_tags = frozenset(ignored_tags)
        self.patience = patience
        self._boto = session(region, DEPLOYER)
        self._config = Config(
            # botocore repeats calls after throttling and lost connections, as the SDK of the AWS
            # provider does, and as often (hashicorp/terraform-provider-aws, website/docs,
            # `max_retries`: 25; hashicorp/aws-sdk-go-base, aws_config.go, resolveRetryer; for
            # lost replies aws/aws-sdk-go-v2, aws/retry/retryable_error.go).
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            connect_timeout=5,
            # A call that is repeated before its answer comes may have been carried out already.
            read_timeout=max(ANSWER_SECONDS, patience / 2),
            proxies={},
            max_pool_connections=32,
            use_dualstack_endpoint=False,
            use_fips_endpoint=False,
        )
        self.ec2 = self._client("ec2")
        self.iam = self._client("iam")

    @cached_property
    def partition(self) -> str:
        """The partition of the region, as ARNs begin with it."""
        return str(self._boto.get_partition_for_region(self.region))

    @cached_property
    def quotas(self) -> Client:
        """A client of Service Quotas, which few programs ask."""
        return self._client("service-quotas")

    @cached_property
    def ssm(self) -> Client:
        """A client of Systems Manager, which holds the parameters of a Kubernetes cluster."""
        return self._client("ssm")

    @cached_property
    def logs(self) -> Client:
        """A client of CloudWatch Logs, which only a stack with flow logs asks."""
        return self._client("logs")

    def _client(self, service: str) -> Client:
        client = self._boto.client(service, endpoint_url=self.endpoint, config=self._config)
        client.meta.events.register_first("needs-retry.*", _give_up_connecting)
        return client

    def patiently(self, codes: Collection[str], call: Callable[[], T], saying: str = "") -> T:
        """Repeat a call that the API refuses for a while after a change.

        It does so with one of these codes, and a message that says so.
        """
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return call()
            except ClientError as error:
                message = str(error.response.get("Error", {}).get("Message", ""))
                is_passing = error_code(error) in codes and saying in message
                if not is_passing or time.monotonic() > deadline:
                    raise
            time.sleep(POLL)

    def all(self, client: Client, operation: str, key: str, **arguments: object) -> list[Values]:
        """Every item of a listing, all pages of it."""
        return list(pages(client, operation, key, **arguments))

    def read_tags(self, tags: Collection[Values]) -> dict[str, str]:
        """Tags as the program knows them: without AWS's own and ignored ones."""
        return {tag["Key"]: tag["Value"] for tag in tags if not self._hidden(tag["Key"])}

    def _hidden(self, key: str) -> bool:
        return key.startswith("aws:") or key in self.ignored_tags


def _give_up_connecting(
    attempts: int, caught_exception: Exception | None = None, **_: object
) -> None:
    if isinstance(caught_exception, EndpointConnectionError) and attempts >= ATTEMPTS_TO_CONNECT:
        raise caught_exception


def tag_list(tags: dict[str, str] | None) -> list[dict[str, str]]:
    """Tags in the form of the API."""
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
