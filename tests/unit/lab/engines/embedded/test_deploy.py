"""Preview, up, updates, replacements and deletions."""

import pytest

from podnet.lab.engines.embedded import UNKNOWN, ResourceError
from podnet.lab.engines.embedded import deletion_order as order
from podnet.lab.engines.embedded.state import Resource
from tests.refusals import refused
from tests.unit.lab.engines.conftest import TWO


def _written(file):
    """What changes where a file is written or replaced, and not where it is read."""
    stat = file.stat()
    return stat.st_ino, stat.st_mtime_ns


def test_a_preview_reports_what_an_up_does_and_does_nothing(lab, ops):
    preview = lab.preview(TWO)

    assert ops(preview) == {("create", "proj-dev"), ("create", "base"), ("create", "top")}
    assert preview.counts == {"create": 3}
    assert preview.outputs == {"top": UNKNOWN}
    assert not lab.cloud.things
    assert not lab.state.exists()


def test_up_creates_what_the_program_wants_and_its_outputs_are_known(lab):
    summary = lab.up(TWO)

    assert lab.cloud.calls == [("create", "base"), ("create", "top")]
    assert lab.cloud.inputs == [
        {"colour": "white", "name": "base", "size": "small"},
        {"colour": "white", "name": "top", "on": "base"},
    ]
    assert summary.outputs["top"].startswith("arn:t-")
    assert lab.engine().outputs() == summary.outputs


def test_a_second_up_changes_nothing_not_even_the_state_file(lab):
    lab.up(TWO)
    before = _written(lab.state)

    summary = lab.up()

    assert summary.counts == {"same": 3}
    assert summary.changes == ()
    assert not lab.cloud.calls
    assert _written(lab.state) == before


def test_a_changed_property_is_updated_in_place_and_reported_old_to_new(lab):
    lab.up(TWO)
    ids = set(lab.cloud.things)
    changed = TWO.replace("small", "large")

    preview = lab.preview(changed)
    summary = lab.up(changed)

    assert preview.steps == summary.steps
    assert [(step.op, step.name, step.detail) for step in summary.changes] == [
        ("update", "base", 'size: "small" → "large"')
    ]
    assert lab.cloud.calls == [("update", "base")]
    assert set(lab.cloud.things) == ids


def test_a_property_no_longer_given_is_a_change(lab):
    lab.up(TWO)

    summary = lab.up(TWO.replace(', size="small"', ""))

    assert [step.detail for step in summary.changes] == ['size: "small" → (none)']
    assert lab.up().counts == {"same": 3}


def test_a_nested_difference_is_reported_by_its_path(lab):
    lab.up('Thing("a", tags={"Name": "x", "podnet:mode": "one", "keep": "k"})')

    summary = lab.up('Thing("a", tags={"Name": "y", "podnet:mode": "two", "keep": "k"})')

    assert [step.detail for step in summary.changes] == [
        'tags.Name: "x" → "y"; tags["podnet:mode"]: "one" → "two"'
    ]


def test_a_replacement_comes_first_its_dependents_follow_and_the_old_one_goes_last(lab):
    lab.up(TWO)
    old = next(id_ for id_, thing in lab.cloud.things.items() if thing["inputs"]["name"] == "base")
    changed = TWO.replace('size="small"', 'size="small", kind="b"')

    preview = lab.preview(changed)
    summary = lab.up(changed)

    assert lab.cloud.calls == [("create", "base"), ("update", "top"), ("delete", "base")]
    assert summary.counts == preview.counts == {"same": 1, "replace": 1, "update": 1}
    assert [step.detail for step in preview.changes] == [
        'kind: (none) → "b" (replaces)',
        f'on: "arn:{old}" → (known after up)',
    ]
    assert old not in lab.cloud.things
    assert lab.ids() == sorted(lab.cloud.things)
    assert lab.up().counts == {"same": 3}


SLOT = """
base = Thing("base", slot=1, kind="{}")
Thing("near", opts=Opts(depends_on=[base]))
fast = Thing("fast", pinned=base.arn)
Thing("last", pinned=fast.arn)
"""


def test_what_cannot_exist_twice_is_deleted_first_with_dependents_that_cannot_outlive_it(lab):
    lab.up(SLOT.format("one"))

    preview = lab.preview(SLOT.format("two"))
    summary = lab.up()

    assert lab.cloud.calls == [
        ("delete", "last"),
        ("delete", "fast"),
        ("delete", "base"),
        ("create", "base"),
        ("create", "fast"),
        ("create", "last"),
    ]
    assert summary.counts == preview.counts == {"same": 2, "replace": 3}
    assert lab.ids() == sorted(lab.cloud.things)
    assert lab.up().changes == ()


def test_the_program_can_ask_for_delete_before_replace_and_against_it(lab):
    wants = 'Thing("a", kind="{}", opts=Opts(delete_before_replace=True))'
    lab.up(wants.format("one"))
    lab.up(wants.format("two"))
    first = list(lab.cloud.calls)
    against = 'Thing("a", kind="{}", slot={}, opts=Opts(delete_before_replace=False))'
    lab.up(against.format("three", 1))

    lab.up(against.format("four", 2))

    assert first == [("delete", "a"), ("create", "a")]
    assert lab.cloud.calls == [("create", "a"), ("delete", "a")]


def test_what_the_program_dropped_is_deleted_last_and_users_before_what_they_use(lab):
    lab.up(TWO)

    summary = lab.up('Thing("new")')

    assert lab.cloud.calls == [("create", "new"), ("delete", "top"), ("delete", "base")]
    assert summary.counts == {"same": 1, "create": 1, "delete": 2}


def test_depends_on_orders_creation_and_deletion(lab):
    lab.up('Thing("two")')
    lab.up("""
        one = Thing("one")
        Thing("two", opts=Opts(depends_on=[one]))
        Thing("three", opts=Opts(depends_on=[one]))
    """)
    created = list(lab.cloud.calls)
    lab.cloud.calls.clear()

    summary = lab.engine().destroy()

    assert created == [("create", "one"), ("create", "three")]
    assert lab.cloud.calls[-1] == ("delete", "one")
    assert summary.counts == {"delete": 4}
    assert not lab.cloud.things


def test_a_child_goes_before_its_parent(lab):
    lab.up('Thing("child")')
    lab.up("""
        parent = Thing("parent")
        Thing("child", opts=Opts(parent=parent,
                                 aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))
    """)
    lab.cloud.calls.clear()

    lab.engine().destroy()

    assert lab.cloud.calls == [("delete", "child"), ("delete", "parent")]


def test_destroy_leaves_nothing_and_a_second_one_has_nothing_to_do(lab):
    lab.up(TWO)

    summary = lab.engine().destroy()

    assert summary.counts == {"delete": 3}
    assert not lab.cloud.things
    assert lab.recorded()["resources"] == []
    assert lab.engine().outputs() == {}
    assert lab.engine().destroy().counts == {}


def test_a_refused_resource_is_named_and_the_next_up_goes_on_from_there(lab, ops):
    lab.program(TWO + 'bad = Thing("bad", size="huge", on=top.arn)\nThing("after", on=bad.arn)')

    with pytest.raises(ResourceError) as caught:
        lab.engine().up()

    assert str(caught.value) == (
        "test:index:Thing bad: was refused: size huge is more than there is; use large"
    )
    assert lab.cloud.names == ["base", "top"]
    lab.program(TWO + 'bad = Thing("bad", size="large", on=top.arn)\nThing("after", on=bad.arn)')
    assert ops(lab.engine().up()) == {("create", "bad"), ("create", "after")}


def test_after_a_failure_nothing_more_is_begun(lab):
    with refused("thing-too-large", ResourceError):
        lab.up('Thing("bad", size="huge")\nThing("later")\nThing("worse", size="huge")')

    assert not lab.cloud.things


def test_nothing_is_deleted_when_a_resource_failed(lab):
    lab.up(TWO)
    lab.program('Thing("bad", size="huge")')

    with pytest.raises(ResourceError):
        lab.engine().up()

    assert lab.cloud.names == ["base", "top"]


def test_the_events_report_each_step_as_it_starts_and_ends(lab):
    lab.program('Thing("a")\nThing("b", size="huge")')

    with pytest.raises(ResourceError):
        lab.engine().up()

    assert [(event.kind, event.step.op, event.step.name) for event in lab.events] == [
        ("started", "create", "proj-dev"),
        ("done", "create", "proj-dev"),
        ("started", "create", "a"),
        ("done", "create", "a"),
    ]
    assert all(event.seconds == 0 for event in lab.events if event.kind == "started")


def test_a_user_that_leaves_as_what_it_needs_is_replaced_counts_as_deleted(lab):
    lab.up(SLOT.format("one"))
    without = SLOT.format("two").replace('Thing("last"', '# Thing("last"')

    preview = lab.preview(without)
    summary = lab.up()

    assert summary.counts == preview.counts == {"same": 2, "replace": 2, "delete": 1}
    assert lab.cloud.names == ["base", "fast", "near"]


def test_a_circle_between_old_and_new_resources_is_broken_at_the_newest():
    def thing(name, *needs):
        return Resource(urn=name, type="t", custom=True, dependencies=list(needs))

    things = [thing("a", "b"), thing("b", "a"), thing("c", "a")]

    assert [item.urn for item in order.deletions(things)] == ["c", "b", "a"]
    assert [item.urn for item in order.creations(things)] == ["a", "b", "c"]
