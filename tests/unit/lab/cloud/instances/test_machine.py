"""The limits that an instance with a kubelet needs raised on this machine."""

from __future__ import annotations

import pytest

from podnet.lab.cloud.instances import machine


@pytest.mark.parametrize(
    ("before", "after"), [("128\n", "8192"), ("524288\n", "524288\n")], ids=["too few", "enough"]
)
def test_the_limit_on_watches_is_raised_and_never_lowered(tmp_path, monkeypatch, before, after):
    file = tmp_path / "max_user_instances"
    file.write_text(before)
    monkeypatch.setattr(machine, "WATCHERS", file)
    machine.raise_watch_limit()

    assert file.read_text() == after
