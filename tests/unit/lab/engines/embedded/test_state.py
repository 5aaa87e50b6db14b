"""The state file and its lock."""

import gc
import json
import os
import threading
import time
from pathlib import Path

import pytest

from podnet.lab.engines.embedded import EngineError, StateError, StateLockedError
from tests.refusals import refused


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "state-not-json"),
        (b'{"version": 1, "resou', "state-not-json"),
        (b"[]", "state-without-version"),
        (b'{"version": 1, "project": "proj", "stack": "dev"}', "state-malformed"),
        (b"[" * 100_000, "state-not-json"),
        (b'{"version": ' + b"1" * 5_000 + b"}", "state-not-json"),
        (b"\xff\xfe", "state-unreadable"),
        (b'{"version": 99}', "state-version-unsupported"),
        (
            b'{"version": 1, "project": "proj", "stack": "prod"}',
            "state-of-another-stack",
        ),
        (
            b'{"version": 1, "project": "theirs", "stack": "dev"}',
            "state-of-another-stack",
        ),
    ],
)
@pytest.mark.parametrize("what", ["preview", "up", "refresh", "destroy", "outputs"])
def test_a_state_that_cannot_be_read_is_named_kept_and_never_overwritten(lab, content, rule, what):
    lab.program('Thing("a")')
    lab.state.write_bytes(content)

    with refused(rule, StateError) as caught:
        getattr(lab.engine(), what)()

    assert str(lab.state) in str(caught.value)
    assert lab.state.read_bytes() == content
    assert not lab.cloud.things


def test_each_resource_is_on_a_line_of_its_own(lab):
    lab.up('Thing("a")\nThing("b")')

    lines = lab.state.read_text().splitlines()

    assert [
        json.loads(line.lstrip(","))["urn"].rpartition(":")[2] for line in lines if '"urn"' in line
    ] == ["proj-dev", "a", "b"]


def test_lists_without_an_order_are_kept_sorted(lab):
    lab.up("""
        many = [Thing(f"t{number}") for number in range(8)]
        Thing("user", all=[thing.arn for thing in many], opts=Opts(depends_on=many))
    """)

    (user,) = (item for item in lab.recorded()["resources"] if item["urn"].endswith("::user"))

    assert len(user["dependencies"]) == 8
    assert user["dependencies"] == sorted(user["dependencies"])
    assert user["property_dependencies"] == {"all": user["dependencies"]}


def test_the_state_is_on_disk_before_it_takes_its_name(lab, monkeypatch):
    order = []
    real = os.fsync
    monkeypatch.setattr("os.fsync", lambda descriptor: (order.append("sync"), real(descriptor)))
    rename = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda self, to: (order.append(Path(to).name), rename(self, to))
    )

    lab.up('Thing("a")')

    once = ["sync", "state.json", "sync", "state.json.backup"]
    assert order == once * (len(order) // len(once))


def hold(lab, seconds):
    """Run an up in a process of its own that takes its time; its id, once it holds the lock."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        gc.freeze()

        def at(when):
            if when == "before":
                os.write(writing, b"x")
                time.sleep(seconds)

        lab.cloud.at = at
        try:
            lab.engine().up()
        finally:
            os._exit(0)
    os.read(reading, 1)
    os.close(reading)
    os.close(writing)
    return child


def test_a_second_up_says_who_holds_the_lock(lab):
    lab.program('Thing("a")')
    child = hold(lab, 30)
    try:
        with refused("stack-locked", StateLockedError) as caught:
            lab.engine(lock_timeout=0.1).up()
        assert str(child) in str(caught.value)
        assert lab.engine().preview().counts == {"same": 1, "create": 1}
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_a_second_up_waits_for_the_first_and_finds_its_work_done(lab):
    lab.program('Thing("a")')
    child = hold(lab, 0.2)

    summary = lab.engine(lock_timeout=30).up()

    os.waitpid(child, 0)
    assert summary.changes == ()
    assert lab.cloud.names == ["a"]


def test_the_lock_dies_with_its_holder(lab):
    lab.program('Thing("a")')
    child = hold(lab, 30)
    os.kill(child, 9)
    os.waitpid(child, 0)

    lab.engine(lock_timeout=0).up()

    assert lab.cloud.names == ["a"]


def test_two_engines_in_one_process_shut_each_other_out(lab):
    lab.program('Thing("a")')
    entered, leave = threading.Event(), threading.Event()

    def at(when):
        entered.set()
        leave.wait(30)

    lab.cloud.at = at
    first = threading.Thread(target=lambda: lab.engine().up())
    first.start()
    entered.wait(30)

    with refused("stack-locked", StateLockedError) as caught:
        lab.engine(lock_timeout=0).destroy()
    assert str(os.getpid()) in str(caught.value)
    leave.set()
    first.join()
    assert lab.cloud.names == ["a"]


def test_a_failed_run_gives_the_lock_back(lab):
    with pytest.raises(EngineError):
        lab.up('Thing("a", size="huge")')

    lab.engine(lock_timeout=0).destroy()
