"""Requests to the agents of a probe, their answers, and the matrix that follows."""

import subprocess
import sys
from ipaddress import IPv4Address

import pytest

from podnet.probe import Endpoint, wire
from podnet.probe.bundle import MODULES, bundle
from podnet.probe.distributed import Silence, Site, probe_site
from podnet.probe.endpoint import Container
from podnet.system.netns import OWN

ENDS = {
    label: Endpoint(
        kind=kind,
        name=label,
        node=f"node-{number}",
        address=IPv4Address(address),
        netns=OWN,
        mtu=0,
        containers=containers,
    )
    for label, kind, number, address, containers in (
        ("node-1", "node", 1, "192.168.1.11", ()),
        ("web", "pod", 1, "10.1.1.2", (Container("a", OWN), Container("b", OWN))),
    )
}
PLACES = {"node-1": "host", "web": "first", "web/a": "first", "web/b": "second"}
SITE = Site(endpoints=ENDS, places=PLACES, missing={})


class Scripted:
    """Agents that pass all checks, but for what a test puts into `answers`."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def ask(self, places, message):
        self.asked.append(message["do"])
        return {place: self._answer(place, message) for place in places}

    def _answer(self, place, message):
        given = self.answers.get(f"{place}_{message['do']}")
        if given is not None:
            return given
        labels = [label for label, where in PLACES.items() if where == place]
        if message["do"] == wire.DESCRIBE:
            return [
                wire.Listening(
                    label=each,
                    address=ENDS[each.partition("/")[0]].address,
                    tcp=1000,
                    udp=1001,
                    mtu=8951,
                ).to_json()
                for each in labels
            ]
        if message["do"] == wire.ARRIVED:
            return []
        plan = wire.Plan.from_json(message["plan"])
        checks = sum(len(each.checks) for each in plan.questions_of(frozenset(labels)))
        return {"reasons": [None], "results": [0] * checks, "sent": {}}


def reasons_of(matrix):
    return {(each.source, each.target): each.reason for each in matrix.failed}


def test_every_question_is_asked_once():
    matrix = probe_site(SITE, Scripted())

    assert matrix.failed == ()
    # Three checks a pair, both ways between containers, and metadata for each.
    assert (matrix.pairs, len(matrix.results)) == (2, 2 * 3 + 2 + 2)


def test_an_answer_that_lacks_results_fails_every_check_of_its_place():
    agents = Scripted(host_ask={"reasons": [None], "results": [0], "sent": {}})

    assert reasons_of(probe_site(SITE, agents)) == dict.fromkeys(
        (("node-1", "metadata"), ("node-1", "web")), "its agent's answer lacks results"
    )


def test_a_place_that_falls_silent_later_fails_what_it_was_to_ask():
    agents = Scripted(first_ask=Silence("the command timed out after 60 s"))
    failed = reasons_of(probe_site(SITE, agents))

    assert failed == dict.fromkeys(
        (("web", "metadata"), ("web", "node-1"), ("web/a", "web/b")),
        "the command timed out after 60 s",
    )


def test_a_place_that_was_silent_from_the_start_is_missing():
    agents = Scripted(first_describe=Silence("its agent is offline"))
    matrix = probe_site(SITE, agents)

    assert matrix.missing == {"web": "its agent is offline"}
    assert matrix.passed == 0
    assert reasons_of(matrix) == dict.fromkeys(
        (("node-1", "web"), ("web", "node-1")), "its agent is offline"
    )


def test_what_cannot_listen_is_broken_for_all_who_ask_it():
    broken = wire.Listening(label="node-1", address=ENDS["node-1"].address, broken="no address")
    plan = wire.Plan(endpoints=ENDS, listening={"node-1": broken}, timeout=1.0)
    asked = plan.questions_of(frozenset({"web"}))

    assert {end.label: why for end, why in plan.broken(asked).items()} == {
        "node-1": "no address",
        "web": "web has no agent",
    }


def test_packets_that_arrived_separate_the_way_there_from_the_way_back():
    lost = {
        "reasons": [None, "no answer in 1.0 s"],
        "results": [0, 0, 1, 0],
        "sent": {"2": ["0011223344556677"]},
    }
    there = Scripted(host_ask=lost, first_arrived=["0011223344556677"])
    nowhere = Scripted(host_ask=lost)

    assert reasons_of(probe_site(SITE, there)) == {
        ("node-1", "web"): "arrived, but no answer came back in 1.0 s"
    }
    assert reasons_of(probe_site(SITE, nowhere)) == {("node-1", "web"): "no answer in 1.0 s"}
    assert there.asked == [wire.DESCRIBE, wire.ASK, wire.ARRIVED]


@pytest.mark.parametrize("text", ["", "not base64!", "aGVsbG8=", wire.pack({"a": 1})[:-8]])
def test_a_text_that_is_cut_short_or_of_somebody_else_is_no_message(text):
    with pytest.raises(wire.WireError):
        wire.unpack(text)


def test_a_plan_is_the_same_after_it_was_sent():
    listening = {
        "node-1": wire.Listening(label="node-1", address=ENDS["node-1"].address, tcp=1, udp=2)
    }
    plan = wire.Plan(endpoints=ENDS, listening=listening, timeout=0.5)

    assert wire.Plan.from_json(wire.unpack(wire.pack(plan.to_json()))) == plan


def test_the_file_holds_all_that_an_agent_imports(tmp_path):
    file = tmp_path / "probe.pyz"
    file.write_bytes(bundle())
    argv = [sys.executable, "-I", "-S", str(file), "ready", "nobody-listens-here"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)

    assert (done.stderr, done.returncode) == ("", 75)
    assert bundle() == bundle()
    assert len(set(MODULES)) == len(MODULES)
