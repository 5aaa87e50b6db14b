"""Single keys of a map as resource options name them, and what a switch of routing builds on."""

import pytest

NODE = """
Thing("a", tags={{{}}}, opts=Opts(
    ignore_changes=['tags["podnet:routing"]', 'tags["podnet:version"]'],
    replace_on_changes=['tags["podnet:network"]']))
"""


def tags(lab):
    (thing,) = lab.cloud.inputs
    return thing["tags"]


def node(**keys):
    return NODE.format(", ".join(f'"podnet:{key}": "{value}"' for key, value in keys.items()))


@pytest.mark.parametrize(
    ("keys", "op"),
    [
        pytest.param({"network": 1, "version": 1}, None, id="nothing"),
        pytest.param({"network": 1, "version": 2}, None, id="what is ignored"),
        pytest.param({"network": 1}, None, id="what is ignored, no longer given"),
        pytest.param({"network": 1, "version": 1, "routing": 1}, None, id="what is ignored, new"),
        pytest.param({"network": 1, "version": 1, "node": 1}, "update", id="another key"),
        pytest.param({"network": 2, "version": 1}, "replace", id="what replaces"),
        pytest.param({"version": 1}, "replace", id="what replaces, no longer given"),
    ],
)
def test_a_key_of_a_map_is_ignored_or_replaces_by_itself(lab, ops, keys, op):
    lab.up(node(network=1, version=1))

    assert ops(lab.up(node(**keys))) == ({(op, "a")} if op else set())


def test_a_replacement_takes_ignored_keys_from_before(lab):
    lab.up(node(network=1, version=1))
    lab.up(node(network=2, version=2))

    assert tags(lab) == {"podnet:network": "2", "podnet:version": "1"}


def test_a_key_is_ignored_in_a_map_that_was_not_there(lab, ops):
    lab.up('Thing("a")')

    assert ops(lab.up("""Thing("a", tags={"x": "1"}, opts=Opts(ignore_changes=["tags.x"]))""")) == {
        ("update", "a")
    }
    assert tags(lab) == {}


def test_what_goes_goes_after_all_that_comes_even_where_the_program_waits(lab):
    lab.up('Thing("rule")\nThing("tag", value="old")')

    lab.up("""
        import asyncio

        async def gate(_):
            await asyncio.sleep(0.1)
            return "new"

        other = Thing("other")
        tag = Thing("tag", value="new", opts=Opts(depends_on=[other]))
        Thing("gated", value=tag.id.apply(gate), opts=Opts(depends_on=[tag]))
    """)

    assert lab.cloud.calls == [
        ("create", "other"),
        ("update", "tag"),
        ("create", "gated"),
        ("delete", "rule"),
    ]


def test_where_the_program_fails_while_it_waits_nothing_is_deleted(lab):
    lab.up('Thing("rule")\nThing("tag", value="old")')

    with pytest.raises(Exception, match="no patience"):
        lab.up("""
            async def gate(_):
                raise pulumi.RunError("no patience")

            tag = Thing("tag", value="new")
            Thing("gated", value=tag.id.apply(gate))
        """)

    assert lab.cloud.calls == [("update", "tag")]
    assert lab.cloud.names == ["rule", "tag"]
