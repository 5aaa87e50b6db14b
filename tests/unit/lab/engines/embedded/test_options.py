"""Resource options, components, explicit providers, look-ups and secrets."""

import pytest

from podnet.lab.engines.embedded import EngineError, ResourceError
from tests.refusals import refused


def test_a_component_leads_the_type_of_its_children(lab):
    lab.up("""
        outer = Group("outer")
        inner = Group("inner", opts=Opts(parent=outer))
        Thing("deep", opts=Opts(parent=inner))
        Thing("flat")
    """)

    assert {item["urn"] for item in lab.recorded()["resources"]} == {
        "urn:pulumi:dev::proj::pulumi:pulumi:Stack::proj-dev",
        "urn:pulumi:dev::proj::my:index:Group::outer",
        "urn:pulumi:dev::proj::my:index:Group$my:index:Group::inner",
        "urn:pulumi:dev::proj::my:index:Group$my:index:Group$test:index:Thing::deep",
        "urn:pulumi:dev::proj::test:index:Thing::flat",
    }


def test_a_dependency_on_a_component_is_one_on_its_children(lab):
    lab.up("""
        group = Group("group")
        Thing("inside", opts=Opts(parent=group))
        Thing("user", opts=Opts(depends_on=[group]))
    """)
    lab.cloud.calls.clear()

    lab.engine().destroy()

    assert lab.cloud.calls == [("delete", "user"), ("delete", "inside")]


def test_the_same_name_twice_is_refused(lab):
    with refused("resource-registered-twice", ResourceError):
        lab.up('Thing("a")\nThing("a", size="small")')


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("tags", {"tags"}),
        ('tags["podnet:mode"]', {"mode"}),
        ("tags.Name", {"name"}),
        ("size", {"size"}),
        ("*", {"tags", "size"}),
    ],
)
def test_ignored_changes_stay_as_they_are_and_others_are_made(lab, path, ignored):
    text = """Thing("a", size="{}", tags={{"podnet:mode": "{}", "Name": "{}"}},
                     opts=Opts(ignore_changes=['{}']))"""
    lab.up(text.format("s1", "m1", "n1", path))

    lab.up(text.format("s2", "m2", "n2", path))

    new = {"size": "s2", "mode": "m2", "name": "n2"}
    kept = (
        {"size", "mode", "name"}
        if path == "*"
        else {"mode", "name"}
        if ignored == {"tags"}
        else ignored
    )
    want = {key: value[0] + "1" if key in kept else value for key, value in new.items()}
    assert lab.cloud.inputs == [
        {
            "colour": "white",
            "name": "a",
            "size": want["size"],
            "tags": {"podnet:mode": want["mode"], "Name": want["name"]},
        }
    ]


def test_an_ignored_change_is_not_made_by_a_replacement_either(lab):
    text = 'Thing("a", kind="{}", size="{}", slot=1, opts=Opts(ignore_changes=["size"]))'
    lab.up(text.format("one", "first"))

    lab.up(text.format("two", "second"))

    assert [item["size"] for item in lab.cloud.inputs] == ["first"]


def test_a_change_that_could_be_updated_replaces_where_the_program_says_so(lab):
    text = 'Thing("a", size="{}", tags={{"x": "{}"}}, opts=Opts(replace_on_changes=["tags.x"]))'
    lab.up(text.format(1, 1))

    updated = lab.up(text.format(2, 1))
    replaced = lab.up(text.format(2, 2))

    assert updated.counts == {"same": 1, "update": 1}
    assert replaced.counts == {"same": 1, "replace": 1}
    assert lab.cloud.calls == [("create", "a"), ("delete", "a")]


def test_what_is_no_change_replaces_nothing_whatever_the_program_says(lab):
    text = 'Thing("a", colour="{}", opts=Opts(replace_on_changes=["colour"]))'
    lab.up(text.format("RED"))

    assert lab.up(text.format("red")).changes == ()


@pytest.mark.parametrize("slot", ["", "slot=1, "], ids=["created first", "deleted first"])
def test_what_is_protected_is_neither_deleted_nor_replaced_until_it_no_longer_is(lab, slot):
    text = f'Thing("a", kind="{{}}", {slot}opts=Opts(protect={{}}))'
    lab.up(text.format("one", "True"))

    for attempt, word in (
        (lambda: lab.up(text.format("two", "True")), "replaced"),
        (lambda: lab.up("Thing('other')"), "deleted"),
        (lambda: lab.preview(""), "deleted"),
        (lambda: lab.engine().destroy(), "deleted"),
    ):
        with refused("resource-protected", ResourceError) as caught:
            attempt()
        assert word in str(caught.value)
    assert "a" in lab.cloud.names
    lab.up(text.format("one", "False") + '\nThing("other")')
    lab.up("")
    assert lab.cloud.names == []


def test_a_protected_user_is_not_deleted_because_what_it_needs_is_replaced(lab):
    text = """
base = Thing("base", slot=1, kind="{}")
Thing("user", pinned=base.arn, opts=Opts(protect=True))
"""
    lab.up(text.format("one"))

    with refused("resource-protected", ResourceError) as caught:
        lab.up(text.format("two"))
    assert "Thing user" in str(caught.value)
    assert lab.cloud.names == ["base", "user"]


def test_what_is_retained_stays_in_the_cloud_and_is_forgotten(lab):
    lab.up('Thing("a", opts=Opts(retain_on_delete=True))\nThing("b")')

    summary = lab.up("")

    assert lab.cloud.names == ["a"]
    assert lab.ids() == []
    assert summary.counts == {"same": 1, "delete": 2}


def test_what_goes_with_another_is_not_deleted_by_itself(lab):
    text = """
whole = Thing("whole")
Thing("part", opts=Opts(deleted_with=whole))
"""
    lab.up(text)
    lab.up('whole = Thing("whole")')
    alone = list(lab.cloud.calls)
    lab.up(text)
    lab.cloud.calls.clear()

    lab.engine().destroy()

    assert alone == [("delete", "part")]
    assert lab.cloud.calls == [("delete", "whole")]


def test_what_is_deleted_with_another_is_not_deleted_for_its_replacement_either(lab):
    text = """
    whole = Thing("whole", slot="{}")
    Thing("part", pinned=whole.arn.apply(lambda arn: arn[::-1]), opts=Opts(deleted_with=whole))
    """
    lab.up(text.format(1))
    lab.up(text.format(2))

    assert lab.cloud.calls == [("delete", "whole"), ("create", "whole"), ("create", "part")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            'Thing("a")', 'Thing("b", opts=Opts(aliases=[pulumi.Alias(name="a")]))', id="renamed"
        ),
        pytest.param(
            'Thing("a")',
            """class Thing2(pulumi.CustomResource):
    pass
Thing2("test:new:Thing", "a", {"name": "a"},
       Opts(aliases=[pulumi.Alias(type_="test:index:Thing")]))""",
            id="of another type",
        ),
        pytest.param(
            'Thing("a")',
            """Thing("b", opts=Opts(aliases=[
                     "urn:pulumi:dev::proj::test:index:Thing::a"]))""",
            id="by its URN",
        ),
        pytest.param(
            'Thing("a")',
            """Thing("a", opts=Opts(parent=Group("g"), aliases=[
                     pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))""",
            id="moved",
        ),
        pytest.param(
            'g = Group("g")\nThing("g-a", opts=Opts(parent=g))',
            """g = Group("h", opts=Opts(aliases=[pulumi.Alias(name="g")]))
Thing("h-a", opts=Opts(parent=g))""",
            id="with a renamed parent",
        ),
    ],
)
def test_an_alias_keeps_a_resource_that_got_another_name(lab, before, after):
    lab.up(before)
    (id_,) = lab.ids()

    summary = lab.up(after)

    assert lab.ids() == [id_]
    assert {step.op for step in summary.steps if step.type.endswith("Thing")} <= {"same", "update"}
    assert lab.up().changes == ()


def test_what_needs_a_renamed_resource_still_goes_before_it(lab):
    text = """
base = Thing("{}", slot=1, kind="{}", opts=Opts(aliases=[pulumi.Alias(name="base")]))
Thing("user", pinned=base.arn)
"""
    lab.up(text.format("base", "one"))

    lab.up(text.format("ground", "two"))

    assert lab.cloud.calls == [
        ("delete", "user"),
        ("delete", "base"),
        ("create", "ground"),
        ("create", "user"),
    ]


def test_an_explicit_provider_is_kept_in_the_state_and_goes_last(lab, ops):
    text = """
class TestProvider(pulumi.ProviderResource):
    def __init__(self, name, **props):
        super().__init__("test", name, props)

special = TestProvider("special", region="{}")
Thing("a", opts=Opts(provider=special))
"""
    lab.up('Thing("a")')
    created = lab.up(text.format("here"))
    changed = lab.up(text.format("there"))
    refreshed = lab.engine().refresh()
    destroyed = lab.engine().destroy()

    assert refreshed.changes == ()
    assert ("create", "special") in ops(created)
    assert ops(changed) == {("update", "special")}
    assert [step.name for step in destroyed.steps] == ["a", "special", "proj-dev"]


@pytest.mark.parametrize(
    ("text", "rule", "value"),
    [
        ('Thing("a", opts=Opts(import_="t-1"))', "resource-option-unsupported", "import_"),
        (
            'Thing("a", text=pulumi.StringAsset("x"))',
            "resource-failed",
            "assets and archives",
        ),
        (
            'Thing("a", opts=Opts(replacement_trigger="x"))',
            "resource-option-unsupported",
            "replacement_trigger",
        ),
        ('Thing("a", opts=Opts(transforms=[lambda args: None]))', "program-failed", "transforms"),
        ('pulumi.require_pulumi_version(">=3.0.0")', "program-failed", ">=3.0.0"),
    ],
)
def test_what_the_engine_cannot_do_is_refused_by_name(lab, text, rule, value):
    with refused(rule, EngineError) as caught:
        lab.up(text)
    assert value in str(caught.value)
    assert not lab.cloud.things
