"""What says in a parameter what the agent has applied, once for each change."""

import json

import acknowledge
import pytest

from podnet.plan.acknowledgement import Acknowledgement
from podnet.plan.settings import Settings

ROUTING, OTHER = "vpc-routes zones=1 vni=1 port=8472", "overlay zones=1 vni=1 port=8472"
FILES = "podnet-0123456789ab"


class World:
    """The agent's file, a clock that only sleep moves, and the parameter."""

    def __init__(self, folder):
        self.now = 1_000_000.0
        self.state = folder / "state.json"
        self.slept = []
        self.said = []
        self.failures = []
        watch = acknowledge.Watch(self.state, "i-1", "boot-1", lambda: self.now)
        self.acknowledger = acknowledge.Acknowledger(watch, self.write, lambda _: 4, self.sleep)

    def write(self, text):
        if self.failures:
            raise self.failures.pop(0)
        self.said.append(Acknowledgement.parse(text))

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def agent(self, routing=ROUTING, *problems, files=FILES, polled=0.0, warnings=()):
        """What the agent writes down."""
        text = {"routing": routing, "files": files, "problems": problems, "warnings": warnings}
        self.state.write_text(json.dumps({**text, "polled": self.now - polled}))

    def run(self, seconds, *problems, routing=ROUTING):
        """So long the agent polls and finds this."""
        end = self.now + seconds
        while self.now < end:
            self.agent(routing, *problems)
            self.acknowledger.poll()
            self.now += 1

    @property
    def routings(self):
        return [each.routing for each in self.said]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_routing_is_written_once_in_the_nodes_turn(world):
    world.run(3600)

    assert world.routings == [ROUTING]
    assert world.slept == [4]
    [said] = world.said
    assert (said.instance, said.boot, said.files, said.problems) == ("i-1", "boot-1", FILES, ())
    assert said.time == "1970-01-12T13:46:44+00:00"


def test_every_change_of_routing_or_release_is_written(world):
    world.run(10)
    world.run(10, routing=OTHER)
    world.agent(OTHER, files="podnet-ba9876543210")
    world.acknowledger.poll()

    assert world.routings == [ROUTING, OTHER, OTHER]
    assert world.said[-1].files == "podnet-ba9876543210"


def test_what_is_written_is_what_holds_when_the_turn_comes(world):
    world.agent()
    world.acknowledger.sleep = lambda _: world.agent(OTHER)
    world.acknowledger.poll()

    assert world.routings == [OTHER]


def test_why_a_node_does_not_follow_its_tag_is_written_though_its_pods_notice_nothing(world):
    unfit = "routing: 'overlay-gre zones=1 vni=1 port=8472' needs GRE; the last one stays"
    for _ in range(acknowledge.STEADY + 8):
        world.agent(warnings=("files: old", unfit))
        world.acknowledger.poll()
        world.now += 1

    assert [(each.routing, each.problems) for each in world.said] == [
        (ROUTING, (unfit,)),
    ]


def test_problems_are_written_once_they_stand_and_then_rarely(world):
    world.run(20)
    world.run(acknowledge.STEADY - 2, "peers: refused")
    mended = len(world.said)
    world.run(20)
    world.run(acknowledge.STEADY + 8, "peers: refused")

    assert mended == 1
    assert [each.problems for each in world.said] == [(), ("peers: refused",)]

    # The end of it waits, and so does all that flaps.
    for _ in range(10):
        world.run(20)
        world.run(20, "peers: refused")

    assert len(world.said) == 2
    world.run(acknowledge.REST)
    assert [each.problems for each in world.said] == [(), ("peers: refused",), ()]


def test_a_new_routing_waits_for_no_problem(world):
    world.run(20, "pods' MTU: too large")
    world.run(10, "pods' MTU: too large", routing=OTHER)

    assert world.routings == [ROUTING, OTHER]


def test_a_refused_write_is_tried_again_later_and_later_with_what_holds_then(world):
    world.failures = [OSError("ThrottlingException"), LookupError("no role"), ValueError("html")]
    world.agent()
    reasons = [world.acknowledger.poll() for _ in range(3)]
    world.agent(OTHER)

    assert world.acknowledger.poll() == ""
    assert reasons == ["ThrottlingException", "no role", "html"]
    assert world.routings == [OTHER]
    turn, *waits = world.slept
    assert turn == 4
    for wait, longest in zip(waits, (2, 4, 8), strict=True):
        assert longest / 2 <= wait <= longest


def test_a_write_that_is_refused_for_long_is_tried_every_minute(world):
    world.agent()
    world.failures = [OSError("no way") for _ in range(20)]
    for _ in range(20):
        world.acknowledger.poll()

    assert max(world.slept) <= acknowledge.LONGEST_WAIT


def test_an_agent_that_does_not_run_is_said_so_after_a_while(world):
    world.acknowledger.poll()
    before = len(world.said)
    world.now += acknowledge.ABSENT + 1
    world.acknowledger.poll()

    assert before == 0
    [said] = world.said
    assert (said.routing, said.files) == (None, "")
    assert said.problems == ("podnet-agent.service has not run for a while",)


def test_an_agent_that_ends_is_said_so_and_its_routing_no_more(world):
    world.run(10)
    world.state.unlink()
    for _ in range(acknowledge.ABSENT + 5):
        world.acknowledger.poll()
        world.now += 1

    assert world.routings == [ROUTING, None]


def test_an_agent_that_hangs_keeps_its_routing_and_is_said_so(world):
    world.run(10)
    world.agent(polled=acknowledge.SILENT + 10)
    for _ in range(acknowledge.STEADY + 10):
        world.acknowledger.poll()
        world.now += 1

    assert world.routings == [ROUTING, ROUTING]
    assert world.said[-1].problems == ("the agent has not polled since 1970-01-12T13:45:40+00:00",)


@pytest.mark.parametrize(
    ("name", "routing", "seconds"),
    [
        ("node-1", ROUTING, 0),
        ("node-3", ROUTING, 1),
        ("node-65", "overlay zones=2 vni=1 port=8472", 0.5),
        ("node-2", None, 0),
    ],
)
def test_a_node_knows_its_turn_by_its_name_and_the_zones_of_its_routing(name, routing, seconds):
    delay = acknowledge.delay_of(Settings(node_range_prefix=26).addresses, name)
    said = Acknowledgement(
        instance="i", boot="b", routing=routing, files="f", problems=(), time="t"
    )

    assert delay(said) == seconds


class Metadata:
    """A service that answers at the third question."""

    def __init__(self):
        self.asked = 0

    def read(self, path):
        self.asked += 1
        if self.asked < 3:
            raise OSError("the metadata service does not answer")
        return {"instance-id": "i-1", "tags/instance/podnet:node": "node-7"}[path]


def test_a_node_asks_who_it_is_until_it_is_answered(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(acknowledge, "NOTE", tmp_path / "note")
    monkeypatch.setattr(acknowledge.time, "sleep", lambda _: None)

    assert acknowledge.identify(Metadata()) == ("i-1", "node-7")
    assert capsys.readouterr().out.count("does not answer") == 1


def test_a_problem_is_noted_for_the_agent_and_the_note_is_taken_away(tmp_path, monkeypatch, capsys):
    note = tmp_path / "note"
    monkeypatch.setattr(acknowledge, "NOTE", note)
    for problem in ("no way", "no way", ""):
        acknowledge.note(problem)
        if problem:
            assert note.read_text() == "no way"

    assert not note.exists()
    assert capsys.readouterr().out == "no way\n"
