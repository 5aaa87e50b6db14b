import os
import stat
from pathlib import Path

import pytest

from podnet.system.files import write_atomically


def test_a_file_is_written_whole_and_nothing_beside_it(tmp_path):
    write_atomically(tmp_path / "state.json", "one")
    write_atomically(tmp_path / "state.json", "two")

    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"state.json": "two"}


def test_a_reader_never_sees_a_part(tmp_path, monkeypatch):
    file = tmp_path / "state.json"
    write_atomically(file, "old")
    seen = []

    def replace(draft, target, *, real=Path.replace):
        seen.append((draft.read_text(), target.read_text()))
        return real(draft, target)

    monkeypatch.setattr(Path, "replace", replace)
    write_atomically(file, "new")

    assert (seen, file.read_text()) == ([("new", "old")], "new")


def test_a_failed_write_leaves_the_old_file_alone(tmp_path, monkeypatch):
    file = tmp_path / "state.json"
    write_atomically(file, "old")

    def replace(_draft, _target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(file, "new")

    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"state.json": "old"}


def test_a_secret_is_never_readable_by_others(tmp_path, monkeypatch):
    modes = []

    def replace(draft, target, *, real=Path.replace):
        modes.append(stat.S_IMODE(draft.stat().st_mode))
        return real(draft, target)

    monkeypatch.setattr(Path, "replace", replace)
    before = os.umask(0o022)
    try:
        write_atomically(tmp_path / "key", "secret", 0o600)
        write_atomically(tmp_path / "open", "text")
    finally:
        os.umask(before)

    assert modes == [0o600, 0o644]


def test_a_missing_directory_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "missing/state.json", "text")
