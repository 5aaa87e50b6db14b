"""Clients of the lab's own AWS API."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from podnet.world.reader.calls import pages

Client = Any
"""A boto3 client: boto3 makes its classes at run time, so there is no static type."""

Item = dict[str, Any]
"""One item of an answer of the API."""

DEPLOYER = "deployer"
"""The access key of the provider, whose calls the lab's API can be made to inject faults into."""


def client(service: str, endpoint: str, region: str) -> Client:
    """A client of one service; the lab's API wants credentials, and checks none of them."""
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415  # as below

    config = Config(proxies={}, use_dualstack_endpoint=False, use_fips_endpoint=False)
    return session(region, "lab").client(service, endpoint_url=endpoint, config=config)


@cache
def partition(region: str) -> str:
    """The partition of a region, with which its ARNs begin."""
    return str(session(region, "lab").get_partition_for_region(region))


def domain(region: str) -> str:
    """The domain of the endpoints in a region, as its metadata service says it too."""
    return "amazonaws.com.cn" if partition(region) == "aws-cn" else "amazonaws.com"


def session(region: str, access_key: str) -> Any:  # noqa: ANN401  # boto3 has no types
    """A session of boto3 that takes nothing from the user's environment or AWS files.

    They may name a real account, a proxy that cannot reach the lab, or hold what nobody can read.
    """
    # Here, since many a command names a client and calls nothing: it takes a quarter of a second.
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415  # loads slowly
    import botocore.session  # type: ignore[import-untyped]  # noqa: PLC0415  # loads slowly

    known = botocore.session.Session.SESSION_VARIABLES
    unset = {name: (None, None, default, cast) for name, (_, _, default, cast) in known.items()}
    nowhere = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    bare = botocore.session.Session(session_vars={**unset, **nowhere})
    bare.register_component("data_loader", _loader())
    return boto3.Session(
        aws_access_key_id=access_key,
        aws_secret_access_key="lab",  # noqa: S106  # opens nothing
        region_name=region,
        botocore_session=bare,
    )


@cache
def _loader() -> Any:  # noqa: ANN401  # botocore has no types
    """What reads the descriptions of services once; that of EC2 takes a tenth of a second."""
    import botocore.loaders  # type: ignore[import-untyped]  # noqa: PLC0415  # loads slowly

    return botocore.loaders.Loader()


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
