"""What a refresh finds, reports and records."""

from tests.unit.lab.engines.conftest import TWO


def test_refresh_finds_what_is_gone_and_what_was_changed_and_the_next_up_repairs_it(lab, ops):
    lab.up(TWO)
    things = lab.cloud.things
    base, top = (
        next(id_ for id_, thing in things.items() if thing["inputs"]["name"] == name)
        for name in ("base", "top")
    )
    things[base]["inputs"]["size"] = "tampered"
    del things[top]
    lab.cloud.things = things

    refreshed = lab.engine().refresh()
    summary = lab.up()

    assert ops(refreshed) == {("refresh", "base"), ("delete", "top")}
    assert [step.detail for step in refreshed.changes] == [
        'size: "small" → "tampered"',
        "no longer exists",
    ]
    assert lab.cloud.calls == [("update", "base"), ("create", "top")]
    assert ops(summary) == {("update", "base"), ("create", "top")}
    assert lab.up().changes == ()


def test_refresh_of_an_untouched_stack_changes_nothing(lab):
    lab.up(TWO)
    before = lab.state.read_text()

    summary = lab.engine().refresh()

    assert summary.counts == {"same": 3}
    assert lab.state.read_text() == before


def test_what_the_provider_takes_for_equal_is_no_change_for_a_refresh_either(lab):
    lab.up('Thing("a", colour="RED")')

    assert lab.up('Thing("a", colour="red")').changes == ()
    assert lab.engine().refresh().changes == ()


def test_refresh_records_a_changed_output_and_does_not_call_it_a_change(lab, monkeypatch):
    lab.up('pulumi.export("users", Thing("a", users=None).users)')
    read = lab.cloud.read

    def read_with_users(*args):
        inputs, outputs = read(*args)
        return inputs, {**outputs, "users": 3}

    monkeypatch.setattr(lab.cloud, "read", read_with_users)

    assert lab.engine().refresh().changes == ()
    assert lab.up().outputs == {"users": 3}
