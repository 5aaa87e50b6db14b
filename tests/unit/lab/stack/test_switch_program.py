"""The whole program on moto by the embedded engine: at every moment of a switch packets flow."""

from __future__ import annotations

import asyncio
from itertools import combinations, count, pairwise, permutations
from pathlib import Path

import pytest

from podnet.lab.engines.embedded import Engine, EngineError, ProviderError
from podnet.lab.providers.aws import AwsProvider
from tests.unit.lab.providers.aws.conftest import REGION

pytestmark = pytest.mark.slow

STACK = "dev"
NEEDS = {
    "vpc-routes": {"rule -1 10.1.0.0/16", "route 10.1.1.0/24"},
    "host-gw": {"rule -1 10.1.0.0/16"},
    "overlay": {"rule udp 8472"},
    "hybrid": {"rule -1 10.1.0.0/16", "rule udp 8472"},
}
EVERYTHING = set().union(*NEEDS.values())
LIVE = ("vpc-routes", "host-gw", "overlay")
ROUND = (
    "vpc-routes",
    "overlay",
    "vpc-routes",
    "host-gw",
    "overlay",
    "hybrid",
    "overlay",
    "host-gw",
    "vpc-routes",
)
WAIT = ("wait", "")
FIRST = ("vpc-routes", "overlay")
"""Between these nothing is shared, so a switch has the most steps; the others take minutes more."""


def first_and_long(switches):
    """Parameters: the first switch for every run of the tests, the others for the long ones."""
    return [
        pytest.param(*each, id="-".join(each), marks=() if each == FIRST else pytest.mark.long)
        for each in switches
    ]


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

    async def sleep(self, seconds):
        """Where the program waits, every node applies what it was assigned."""
        await self.real_sleep(0)
        if seconds == 0:
            return  # the SDK lets others run
        assert seconds == 30
        self.step()
        self.calls.append(WAIT)
        self.routings = {self.assigned()}

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
    made = Cluster(project, project.with_name("state.json"), provider, image)
    yield made
    provider.fail_at, provider.routings = None, set()
    made.engine().destroy()


def test_nothing_is_taken_away_that_a_node_may_still_use(cluster):
    cluster.switch(ROUND[0])
    for word in ROUND[1:]:
        cluster.provider.begin()
        calls = cluster.switch(word)
        tag, wait = calls.index(("update", "Tag")), calls.index(WAIT)

        assert cluster.provider.there() == NEEDS[word]
        assert cluster.provider.assigned() == word
        assert {verb for verb, _ in calls[:tag]} <= {"create"}
        assert calls[tag + 1 : wait + 2] == [WAIT, ("update", "Tag")]
        assert {verb for verb, _ in calls[wait + 2 :]} <= {"update", "delete"}
    cluster.provider.begin()

    assert cluster.switch(ROUND[-1]) == []


def test_the_round_holds_every_switch_that_pods_live_through():
    assert set(pairwise(ROUND)) >= set(permutations(LIVE, 2))


@pytest.mark.long
@pytest.mark.parametrize(("before", "after"), list(combinations(LIVE, 2)))
def test_a_switch_that_ends_between_any_two_steps_is_taken_back_or_finished(cluster, before, after):
    cluster.switch(before)
    cuts = {(before, after): 0, (after, before): 0}
    for moment in count():
        more = False
        for _there_and_back in cuts:
            cluster.provider.begin()
            cut = cluster.is_cut_off(after, moment)
            if cut:
                more = True
                cuts[before, after] += 1
                cluster.ends_in(before)
                assert cluster.is_cut_off(after, moment)
            cluster.ends_in(after)
            before, after = after, before
        if not more:
            break
    # A tag of the node, the wait, a tag of the VPC, and what only one of the two modes needs.
    assert min(cuts.values()) >= 3 + len(NEEDS[before] ^ NEEDS[after])


@pytest.mark.parametrize(("before", "after"), first_and_long(permutations(LIVE, 2)))
def test_the_way_back_may_be_cut_off_as_well(cluster, before, after):
    cluster.switch(before)
    assigned = cluster.switch(after).index(WAIT)
    cluster.switch(before)
    for moment in count(1):
        cluster.provider.begin()
        assert cluster.is_cut_off(after, assigned)
        cut = cluster.is_cut_off(before, moment)
        cluster.ends_in(before)
        if not cut:
            break
    # The tag of the node is the first step of the way back, then come the wait and what goes.
    assert moment >= 2 + len(NEEDS[after] - NEEDS[before])


def test_a_node_that_is_rolled_has_its_address_and_its_route_is_moved_in_place(cluster, ec2):
    cluster.switch("vpc-routes")
    old = cluster.engine("vpc-routes").outputs()["nodes"]["node-1"]
    cluster.image = "ami-760aaa0f"
    kept = cluster.switch("vpc-routes")

    assert kept == []

    config = {
        "podnet:roll": '["node-1"]',
        "podnet:nodeCount": "1",
        "podnet:imageId": cluster.image,
        "podnet:sessionManager": "false",
    }
    cluster.provider.calls.clear()
    engine = Engine(cluster.project, STACK, cluster.state, {"aws": cluster.provider}, config=config)
    engine.up()
    new = engine.outputs()["nodes"]["node-1"]

    assert cluster.provider.calls == [
        ("delete", "Instance"),
        ("create", "Instance"),
        ("update", "Route"),
        ("create", "Tag"),
    ]
    assert new["instanceId"] != old["instanceId"]
    assert {**new, "instanceId": "", "publicIp": ""} == {**old, "instanceId": "", "publicIp": ""}
    (instance,) = ec2.describe_instances(InstanceIds=[new["instanceId"]])["Reservations"][0][
        "Instances"
    ]
    assert instance["ImageId"] == "ami-760aaa0f"
