"""Killed at any moment, the engine neither loses nor doubles a resource."""

import itertools
import signal

import pytest

from podnet.lab.engines.embedded import EngineError

pytestmark = pytest.mark.slow

SOME = """
one = Thing("one")
Thing("two", on=one.arn)
"""
FULL = """
base = Thing("base", slot=1, kind="one")
Thing("user", pinned=base.arn)
swap = Thing("swap", kind="one")
Thing("user-of-swap", on=swap.arn)
Thing("grows", size="small")
"""
CHANGED = """
base = Thing("base", slot=1, kind="two")
Thing("user", pinned=base.arn)
swap = Thing("swap", kind="two")
Thing("user-of-swap", on=swap.arn)
Thing("grows", size="large")
"""
DROPPED = 'Thing("swap", kind="one")'


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """A killed process, unlike a power cut, loses nothing that it has written."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture
def deployed(lab):
    """Makes a copy of the lab in which a program was deployed from nothing, undisturbed."""

    def deploy(text):
        copy = lab.copy(f"deployed-{next(numbers)}")
        copy.up(text)
        return copy

    numbers = itertools.count()
    return deploy


def killed_at_every_moment(lab, work):
    """Copies of the lab in which the work was killed, each one moment later."""
    for moment in itertools.count():
        copy = lab.copy(f"{lab.directory.name}-{moment}")
        if not copy.killed_at(moment, lambda copy=copy: work(copy.engine())):
            assert moment > 5
            return
        yield copy


def assert_converges(lab, text, expected):
    lab.up(text)
    assert lab.cloud.inputs == expected
    assert lab.ids() == sorted(lab.cloud.things), "state and cloud must hold the same things"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", SOME, id="creating"),
        pytest.param(FULL, CHANGED, id="changing"),
        pytest.param(FULL, DROPPED, id="dropping"),
    ],
)
def test_killed_at_any_moment_of_an_up_the_next_run_ends_where_it_should(deployed, before, after):
    start, end = deployed(before), deployed(after)
    start.program(after)
    for lab in killed_at_every_moment(start, lambda engine: engine.up()):
        name = lab.directory.name
        back, refreshed, destroyed = (lab.copy(f"{name}-{then}") for then in range(3))

        assert_converges(lab, after, end.cloud.inputs)
        assert lab.up().changes == ()
        assert_converges(back, before, start.cloud.inputs)
        refreshed.engine().refresh()
        assert refreshed.ids() == sorted(refreshed.cloud.things)
        destroyed.engine().destroy()
        assert not destroyed.cloud.things


def test_killed_at_any_moment_of_a_destroy_another_ends_it_and_an_up_undoes_it(deployed):
    start = deployed(FULL)
    for lab in killed_at_every_moment(start, lambda engine: engine.destroy()):
        undone = lab.copy(f"{lab.directory.name}-undone")

        lab.engine().destroy()
        assert not lab.cloud.things
        assert lab.ids() == []
        assert_converges(undone, FULL, start.cloud.inputs)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", [KeyboardInterrupt, ConnectionError])
def test_failing_or_interrupted_at_any_call_the_next_up_goes_on_from_there(deployed, how, when):
    start, end = deployed(FULL), deployed(CHANGED)
    start.program(CHANGED)
    expected = EngineError if how is ConnectionError else how
    for number in range(1, 9):
        lab = start.copy(f"{number}-{how.__name__}-{when}")
        moments = itertools.count(1)

        def at(moment, moments=moments, number=number):
            if moment == when and next(moments) == number:
                raise how("the line went dead")

        lab.cloud.at = at
        with pytest.raises(expected, match="the line went dead"):
            lab.engine().up()
        lab.cloud.at = lambda _: None
        assert_converges(lab, CHANGED, end.cloud.inputs)


def test_a_creation_without_an_answer_is_found_again_and_not_made_twice(lab):
    def at(moment):
        if moment == "after":
            raise ConnectionError("no answer")

    lab.cloud.at = at
    with pytest.raises(
        EngineError, match="test:index:Thing a: could not be created: ConnectionError: no answer"
    ):
        lab.up('Thing("a")')
    made = set(lab.cloud.things)
    lab.cloud.at = lambda _: None

    summary = lab.up()

    assert set(lab.cloud.things) == made
    assert not lab.cloud.calls
    assert summary.changes == ()


def test_what_an_earlier_run_replaced_is_out_of_the_way_of_what_cannot_exist_twice(lab):
    lab.up('Thing("a", slot=1)')
    with pytest.raises(EngineError):
        lab.up('a = Thing("a", kind="two")\nThing("bad", size="huge", on=a.arn)')
    assert lab.cloud.names == ["a", "a"]

    summary = lab.up('Thing("a", slot=1)')

    assert lab.cloud.names == ["a"]
    assert summary.counts == {"same": 1, "replace": 1}


def test_what_refers_to_a_successor_stays_where_its_predecessor_goes(lab):
    """The predecessor is in the way of what it needs; the user of its successor is not."""
    lab.up('b = Thing("b", kind="one")\nThing("a", kind="one", pinned=b.arn)')
    with pytest.raises(EngineError):
        lab.up("""
            b = Thing("b", kind="one")
            a = Thing("a", kind="two")
            Thing("bad", size="huge", on=a.arn)
        """)
    assert lab.cloud.names == ["a", "a", "b"]

    lab.up("""
        a = Thing("a", kind="two")
        user = Thing("user", pinned=a.arn)
        Thing("b", kind="two", on=user.arn, opts=Opts(delete_before_replace=True))
    """)

    assert [thing["name"] for thing in lab.cloud.inputs] == ["a", "b", "user"]
    assert lab.up().changes == ()


def test_what_was_replaced_lives_again_where_its_successor_is_gone(lab):
    lab.up('Thing("a", slot=1)')
    (first,) = lab.cloud.things
    with pytest.raises(EngineError):
        lab.up('a = Thing("a", kind="two")\nThing("bad", size="huge", on=a.arn)')
    lab.cloud.things = {first: lab.cloud.things[first]}
    lab.engine().refresh()

    lab.up('Thing("a", slot=1, size="large")')

    assert lab.cloud.calls == [("update", "a")]
    assert list(lab.cloud.things) == lab.ids() == [first]


def test_a_preview_after_an_interruption_knows_what_was_made_and_writes_nothing(lab):
    lab.program('Thing("a")\nThing("b")')
    assert lab.killed_at(3, lambda: lab.engine().up())
    before = lab.state.read_text()

    preview = lab.preview()

    assert lab.recorded()["pending"]
    assert {step.name: step.op for step in preview.steps} == {
        "proj-dev": "same",
        "a": "same",
        "b": "create",
    }
    assert lab.state.read_text() == before


WAITING = """
import asyncio, os, signal
never = asyncio.get_running_loop().create_future()
Thing("waits", on=pulumi.Output.from_input(never))
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    {then}
"""


@pytest.fixture
def alarm():
    """Ends a wait that has no end: a test that fails must not hang."""

    def ring(_number, _frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("then", ["raise", "pass"])
@pytest.mark.usefixtures("alarm")
def test_an_interrupt_ends_a_program_whose_resources_are_half_made(lab, then):
    handler = signal.getsignal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        lab.up('Thing("made")\n' + WAITING.format(then=then))

    assert signal.getsignal(signal.SIGINT) is handler
    lab.up('Thing("made")')
    assert lab.cloud.names == ["made"]
