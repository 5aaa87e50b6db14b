"""A provider that looks at the cloud after each change of a switch, and a stack to switch."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from podnet.lab.engines.embedded import Engine, EngineError, ProviderError
from podnet.lab.providers.aws import AwsProvider
from podnet.lab.providers.aws.functions import BY_PATH
from tests.unit.lab.providers.aws.conftest import REGION

STACK = "dev"
NEEDS = {
    "vpc-routes": {"rule -1 10.1.0.0/16", "route 10.1.1.0/24"},
    "host-gw": {"rule -1 10.1.0.0/16"},
    "overlay": {"rule udp 8472"},
    "hybrid": {"rule -1 10.1.0.0/16", "rule udp 8472"},
}
EVERYTHING = set().union(*NEEDS.values())
WAIT = ("wait", "")


class InterruptedHereError(ProviderError):
    """The engine ends here."""


class Watched(AwsProvider):
    """Keeps what was changed in which order, and looks at the cloud after each change.

    A node that was assigned another routing may have applied any of those, until it had time.
    """

    def __init__(self, endpoint: str, ec2) -> None:
        super().__init__(endpoint, REGION, patience=3)
        self.cloud = ec2
        self.calls: list[tuple[str, str]] = []
        self.routings: set[str] = set()
        self.fail_at: int | None = None
        self.is_registering = False
        self.slept = 0.0
        self.real_sleep = asyncio.sleep

    def create(self, type_, inputs, token, name):
        return self._called(
            "create", type_, lambda: super(Watched, self).create(type_, inputs, token, name)
        )

    def update(self, type_, id_, old_inputs, old_outputs, new_inputs):
        return self._called(
            "update",
            type_,
            lambda: super(Watched, self).update(type_, id_, old_inputs, old_outputs, new_inputs),
        )

    def delete(self, type_, id_, outputs):
        return self._called(
            "delete", type_, lambda: super(Watched, self).delete(type_, id_, outputs)
        )

    def check(self, type_, inputs):
        self.is_registering = True
        return super().check(type_, inputs)

    def invoke(self, token, args):
        """Where the program waits for the nodes, each has applied what it was assigned."""
        if token == BY_PATH and self.is_registering and self.calls[-1:] != [WAIT]:
            self.step()
            self.calls.append(WAIT)
            if self.routings:
                self.routings = {self.assigned()}
        return super().invoke(token, args)

    async def sleep(self, seconds):
        """It passes at once where the program doubts what nodes said before."""
        self.slept += seconds
        await self.real_sleep(0)

    def step(self):
        """Go on, unless all ends before this change or this wait."""
        if len(self.calls) == self.fail_at:
            raise InterruptedHereError("here")

    def assigned(self):
        """The variant in the tag of the one node that runs; EC2 lists terminated ones as well."""
        running = [{"Name": "instance-state-name", "Values": ["running"]}]
        (found,) = self.cloud.describe_instances(Filters=running)["Reservations"]
        (node,) = found["Instances"]
        (tag,) = (tag["Value"] for tag in node["Tags"] if tag["Key"] == "podnet:routing")
        return tag.partition(" ")[0]

    def there(self):
        """What carries packets of pods in the cloud."""
        rules = self.cloud.describe_security_group_rules()["SecurityGroupRules"]
        tables = self.cloud.describe_route_tables()["RouteTables"]
        return {
            *(
                f"rule {rule['IpProtocol']} {rule.get('CidrIpv4') or rule['FromPort']}"
                for rule in rules
                if not rule["IsEgress"]
            ),
            *(
                f"route {route.get('DestinationCidrBlock')}"
                for table in tables
                for route in table["Routes"]
            ),
        } & EVERYTHING

    def begin(self):
        """The nodes have applied what they were assigned; from here on it is watched."""
        self.calls.clear()
        self.routings = {self.assigned()}

    def _called(self, verb, type_, call):
        self.step()
        result = call()
        if type_.partition(":")[0] == "aws":
            self.calls.append((verb, type_.rpartition(":")[2]))
        if self.routings:
            self.routings.add(self.assigned())
            for word in self.routings:
                assert NEEDS[word] <= self.there(), (word, self.calls)
        return result


class Cluster:
    """A stack of one node whose routing is switched."""

    def __init__(self, project: Path, state: Path, provider: Watched, image: str) -> None:
        self.project, self.state, self.provider, self.image = project, state, provider, image

    def engine(self, word="host-gw"):
        config = {
            "podnet:routing": "overlay" if word == "hybrid" else word,
            "podnet:crossZoneOnly": "true" if word == "hybrid" else "false",
            "podnet:nodeCount": "1",
            "podnet:imageId": self.image,
            "podnet:sessionManager": "false",
        }
        return Engine(self.project, STACK, self.state, {"aws": self.provider}, config=config)

    def switch(self, word, fail_at=None):
        """What was done, in order."""
        self.provider.calls.clear()
        self.provider.is_registering = False
        self.provider.fail_at = fail_at
        self.engine(word).up()
        return list(self.provider.calls)

    def ends_in(self, word):
        """Switch without an interruption, and see that nothing else is left."""
        self.switch(word)
        assert self.provider.there() == NEEDS[word]
        assert self.provider.assigned() == word

    def is_cut_off(self, word, fail_at):
        """Whether a switch came as far as this step, before which it was to end."""
        try:
            self.switch(word, fail_at)
        except EngineError as error:
            if "here" not in str(error):
                raise
            return True
        return False


@pytest.fixture
def provider(endpoint, ec2):
    return Watched(endpoint, ec2)


@pytest.fixture
def cluster(project, provider, image, monkeypatch):
    # The engine runs the program in this very process, with modules of its own.
    monkeypatch.setattr(asyncio, "sleep", provider.sleep)
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + provider.slept)
    made = Cluster(project, project.with_name("state.json"), provider, image)
    yield made
    provider.fail_at, provider.routings = None, set()
    made.engine().destroy()
