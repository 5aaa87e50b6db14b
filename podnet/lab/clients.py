"""Clients of the lab's own AWS API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Client = Any
"""A boto3 client: boto3 makes its classes at run time, so there is no static type."""

Item = dict[str, Any]
"""One item of an answer of the API."""

DEPLOYER = "deployer"
"""The access key of the provider, whose calls the lab's API can be made to treat unkindly."""


def client(service: str, endpoint: str, region: str) -> Client:
    """A client of one service; the lab's API wants credentials, and checks none of them."""
    # Here, since many a command names the type and calls nothing: it takes a quarter of a second.
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415  # loads slowly

    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="lab",
        aws_secret_access_key="lab",  # noqa: S106  # opens nothing
    )


def pages(client: Client, operation: str, key: str, **arguments: object) -> Iterator[Item]:
    """Every item of a listing, all pages of it."""
    if not client.can_paginate(operation):
        yield from getattr(client, operation)(**arguments)[key]
        return
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, [])


def instances(ec2: Client, *filters: Item) -> Iterator[Item]:
    """Every instance that all of these filters let through."""
    for reservation in pages(ec2, "describe_instances", "Reservations", Filters=[*filters]):
        yield from reservation["Instances"]


class Clients:
    """Clients of one endpoint, each created once, since boto3 takes a while to create one."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._clients: dict[tuple[str, str], Client] = {}

    def get(self, service: str, region: str) -> Client:
        """The client of a service in a region."""
        if (service, region) not in self._clients:
            self._clients[service, region] = client(service, self._endpoint, region)
        return self._clients[service, region]
