"""The whole program against the lab's own API, into which faults are injected."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from podnet.lab.clients import client
from podnet.lab.cloud.api.fault_injection import control
from podnet.lab.cloud.api.fault_injection.faults import Settings
from podnet.lab.engines.adoption import Account
from podnet.lab.engines.embedded import Engine
from podnet.lab.providers.aws import AwsProvider
from tests.unit.lab.cloud.conftest import REGION, endpoint, endpoints  # noqa: F401  # fixtures
from tests.unit.lab.stack.conftest import project  # noqa: F401  # a fixture


@dataclass
class Deployment:
    """A stack, deployed by the embedded engine to the lab's API."""

    project: Path
    endpoint: str
    stack: str = "dev"
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.project.with_name("state.json")

    def engine(self, **once: str) -> Engine:
        config = {"podnet:nodeCount": "2", "podnet:routing": "vpc-routes", **self.settings}
        config |= {f"podnet:{name}": value for name, value in once.items()}
        provider = AwsProvider(self.endpoint, REGION, patience=10)
        return Engine(
            self.project,
            self.stack,
            self.state,
            {"aws": provider},
            config=config,
            account=Account(self.endpoint, REGION),
        )

    def treat(self, *faults: str, policies=None, seed: int = 0) -> None:
        """Let the API treat deployments so from now on."""
        control.change(self.endpoint, Settings.of(faults, seed, policies))

    def seen(self) -> set[str]:
        """The actions of the deployments since the treatment was changed."""
        return set(control.report(self.endpoint)["seen"])

    def client(self, service: str):
        """A client that is treated kindly."""
        return client(service, self.endpoint, REGION)


@pytest.fixture
def deployment(project, endpoint, monkeypatch):  # noqa: F811  # the fixtures above
    sleep = asyncio.sleep

    async def short(seconds: float) -> None:
        # Nodes that do not exist need no time to follow; what is late must come within all tries.
        await sleep(min(seconds, 0.2))

    monkeypatch.setattr(asyncio, "sleep", short)
    made = Deployment(project, endpoint)
    yield made
    made.treat()
    made.engine().destroy()
