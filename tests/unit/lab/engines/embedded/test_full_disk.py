"""A disk that is full or read-only: a sentence, and nothing that was made is lost or doubled."""

import errno
import itertools
import os
import subprocess

import pytest

from podnet.lab.engines.embedded import EngineError
from podnet.lab.engines.embedded.state import file
from tests.refusals import refused

PROGRAM = """
a = Thing("a")
Thing("b", on=a.arn)
"""
CHANGED = """
a = Thing("a", size="large")
Thing("c", on=a.arn)
"""


def failing_at(number, write, code):
    """A writer whose call of this number fails, and none before and after it."""
    calls = itertools.count()

    def fail(path, *arguments, **options):
        if next(calls) == number:
            raise OSError(code, os.strerror(code), str(path))
        write(path, *arguments, **options)

    return fail


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_whichever_write_fails_the_next_run_ends_where_it_should(new_lab, monkeypatch, code):
    write = file.write_atomically
    for number in itertools.count():
        lab = new_lab()
        lab.up(PROGRAM)
        monkeypatch.setattr(file, "write_atomically", failing_at(number, write, code))
        try:
            lab.up(CHANGED)
            break
        except EngineError as error:
            failure = error
        finally:
            monkeypatch.setattr(file, "write_atomically", write)
        assert os.strerror(code) in str(failure)
        assert failure.rule == "state-unwritable"
        lab.up(CHANGED)
        assert lab.cloud.names == ["a", "c"]
        assert lab.ids() == sorted(lab.cloud.things)
    assert number > 6


@pytest.mark.parametrize("what", ["up", "refresh", "destroy"])
def test_without_a_lock_nothing_is_changed(lab, monkeypatch, what):
    lab.up(PROGRAM)
    before = lab.state.read_text()
    real = os.open

    def read_only(path, flags, *rest, **options):
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return real(path, flags, *rest, **options)

    monkeypatch.setattr("os.open", read_only)
    with refused("lock-unwritable") as caught:
        getattr(lab.engine(), what)()

    assert "Read-only file system" in str(caught.value)
    assert lab.state.read_text() == before
    assert lab.cloud.names == ["a", "b"]


@pytest.mark.parametrize("what", ["up", "destroy"])
def test_a_run_that_cannot_be_marked_as_begun_does_not_begin(lab, what):
    lab.up(PROGRAM)
    # A name that leads nowhere can neither be seen nor made, by root either.
    mark = lab.state.with_name("state.json.unfinished")
    mark.symlink_to(lab.directory / "nowhere" / "file")

    with refused("state-mark-unwritable"):
        getattr(lab.engine(), what)()

    assert lab.cloud.names == ["a", "b"]


@pytest.fixture
def small_disk(lab):
    """The state in a file system of 64 KiB; fills it, and is emptied again."""
    disk = lab.directory / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=True)
    lab.state = disk / "state.json"
    yield disk / "filling"
    subprocess.run(["umount", str(disk)], check=True)


def fill(filling):
    with filling.open("wb", buffering=0) as out:
        try:
            while out.write(b"x" * 4096):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017  # the way this loop ends


@pytest.mark.lab
def test_a_disk_that_is_really_full_loses_nothing(lab, small_disk):
    lab.up(PROGRAM)
    before = lab.state.read_text()
    fill(small_disk)
    for what in ("up", "destroy"):
        lab.program(CHANGED)
        with pytest.raises(EngineError, match="No space left on device"):
            getattr(lab.engine(), what)()
        assert lab.state.read_text() == before
    small_disk.unlink()

    lab.up(CHANGED)

    assert lab.cloud.names == ["a", "c"]
    assert lab.ids() == sorted(lab.cloud.things)
