"""An API of moto on loopback, empty for each test, and the provider on it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from podnet.lab.providers.aws import AwsProvider
from tests.api import served
from tests.unit.lab.providers.aws import samples

REGION = "eu-central-1"


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """An API that lives as long as the test run; every test takes away what it made."""
    with served() as url:
        yield url


@pytest.fixture(scope="session")
def provider(endpoint):
    return AwsProvider(endpoint, REGION, patience=1)


def client(endpoint: str, service: str, region: str = REGION) -> Any:
    """A client of one's own: what somebody does behind the provider's back."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture(scope="session")
def ec2(endpoint):
    return client(endpoint, "ec2")


@pytest.fixture(scope="session")
def iam(endpoint):
    return client(endpoint, "iam")


class Stack:
    """Does what an engine does with a provider: checks, creates, and keeps what it learned."""

    def __init__(self, provider: AwsProvider) -> None:
        self.provider = provider
        self.made: list[Made] = []

    def make(self, type_: str, **inputs: Any) -> Made:
        """A new resource."""
        self.made.append(Made(self, type_, inputs))
        return self.made[-1]

    def clear(self) -> None:
        """Delete everything, the newest first."""
        while self.made:
            self.made.pop().delete()


class Made:
    """A resource made through the provider."""

    def __init__(self, stack: Stack, type_: str, inputs: dict[str, Any]) -> None:
        self.provider = stack.provider
        self.type = type_
        self.token = secrets.token_hex(16)
        self.inputs = self.provider.check(type_, inputs)
        self.name = "sample"
        self.id, self.outputs = self.provider.create(type_, self.inputs, self.token, self.name)

    def read(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        return self.provider.read(self.type, self.id, self.inputs, self.outputs)

    def diff(self, **changes: Any) -> Any:
        """How the inputs with some changed (None: left out) differ from the recorded ones."""
        return self.provider.diff(
            self.type, self.id, self.inputs, self.outputs, self.changed(**changes)
        )

    def changed(self, **changes: Any) -> dict[str, Any]:
        """The checked inputs after a change of the program."""
        merged = {**self.inputs, **changes}
        return self.provider.check(
            self.type, {name: value for name, value in merged.items() if value is not None}
        )

    def update(self, **changes: Any) -> dict[str, Any]:
        new = self.changed(**changes)
        self.outputs = self.provider.update(self.type, self.id, self.inputs, self.outputs, new)
        self.inputs = new
        return self.outputs

    def delete(self) -> None:
        self.provider.delete(self.type, self.id, self.outputs)

    def __getitem__(self, name: str) -> Any:
        return self.outputs[name]


@pytest.fixture
def stack(provider):
    made = Stack(provider)
    yield made
    made.clear()


@pytest.fixture(scope="session")
def world(provider, image, policy):
    """What samples of resources stand on; no test changes it."""
    lasting = Stack(provider)
    vpc = lasting.make(samples.VPC, cidrBlock="192.168.1.0/24")
    subnet = lasting.make(
        samples.SUBNET, vpcId=vpc.id, cidrBlock="192.168.1.0/26", availabilityZone="eu-central-1a"
    )
    group = lasting.make(samples.GROUP, vpcId=vpc.id)
    return samples.World(
        vpc=vpc,
        subnet=subnet,
        group=group,
        image=image,
        policy=policy,
        other_vpc=lasting.make(samples.VPC, cidrBlock="192.168.2.0/24"),
        other_subnet=lasting.make(samples.SUBNET, vpcId=vpc.id, cidrBlock="192.168.1.64/26"),
        other_group=lasting.make(samples.GROUP, vpcId=vpc.id),
        table=lasting.make(samples.TABLE, vpcId=vpc.id),
        other_table=lasting.make(samples.TABLE, vpcId=vpc.id),
        role=lasting.make(samples.ROLE, assumeRolePolicy=samples.TRUST),
        instance=lasting.make(
            samples.INSTANCE,
            ami=image,
            instanceType="t3.small",
            subnetId=subnet.id,
            vpcSecurityGroupIds=[group.id],
        ),
    )


@pytest.fixture(scope="session")
def image():
    """An image of Linux that moto lists; to ask for the whole list takes moto seconds."""
    return "ami-1e749f67"


@pytest.fixture(scope="session")
def policy(iam):
    """A policy that a role may be given; each folder that takes this fixture has one of its own."""
    allow_nothing = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    )
    made = iam.create_policy(
        PolicyName=f"nothing-{secrets.token_hex(4)}", PolicyDocument=allow_nothing
    )
    return made["Policy"]["Arn"]
