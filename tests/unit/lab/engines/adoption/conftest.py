"""The whole program on moto, by an engine that is cut off and run again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from moto.core.base_backend import BackendDict

from podnet.lab.engines.adoption import Account
from podnet.lab.engines.embedded import Engine
from podnet.lab.providers.aws import AwsProvider
from podnet.lab.providers.aws.functions import FUNCTIONS
from tests.unit.lab.engines.adoption import wire as wires
from tests.unit.lab.engines.adoption.census import census
from tests.unit.lab.providers.aws.conftest import (  # noqa: F401  # fixtures
    REGION,
    client,
    ec2,
    endpoint,
    iam,
    image,
    policy,
)
from tests.unit.lab.stack.conftest import project  # noqa: F401  # a fixture


class Deployments:
    """A stack of two nodes, and what is done to it."""

    def __init__(self, directory: Path, api: str, ami: str, wire: wires.Wire) -> None:
        self.project, self.endpoint, self.image, self.wire = directory, api, ami, wire
        self.state = directory.with_name("state.json")

    def engine(self, stack: str = "dev", **config: str) -> Engine:
        settings = {
            "podnet:nodeCount": "2",
            "podnet:imageId": self.image,
            "podnet:sessionManager": "false",
            **{f"podnet:{name}": value for name, value in config.items()},
        }
        provider = AwsProvider(self.endpoint, REGION, patience=1)
        return Engine(
            self.project,
            stack,
            self.state,
            {"aws": provider},
            config=settings,
            account=Account(self.endpoint, REGION),
        )

    def census(self):
        return census(self.endpoint)

    def changes(self, **config: str) -> list[str]:
        """Deploy; the changing calls that it took."""
        with self.wire.cut(lambda _number, _call: None):
            self.engine(**config).up()
            return list(self.wire.changes)

    def start_afresh(self) -> None:
        BackendDict.reset()
        for end in ("", ".backup", ".unfinished"):
            self.state.with_name(f"{self.state.name}{end}").unlink(missing_ok=True)


@pytest.fixture
def wire(monkeypatch):
    return wires.install(monkeypatch)


@pytest.fixture
def deployments(project, endpoint, image, wire, monkeypatch):  # noqa: F811  # a fixture
    real = asyncio.sleep

    async def at_once(_seconds):
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", at_once)
    monkeypatch.setattr("os.fsync", lambda _: None)
    # moto serves no default quotas, and clients try again for seconds.
    quota = "aws:servicequotas/getServiceQuota:getServiceQuota"
    monkeypatch.setitem(FUNCTIONS, quota, lambda _session, _args: {"value": 500})
    made = Deployments(project, endpoint, image, wire)
    yield made
    made.start_afresh()
