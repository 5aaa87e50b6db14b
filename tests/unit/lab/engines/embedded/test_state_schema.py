"""A state file with a wrong field is refused by name, and its backup is the way out."""

import json
import shutil
from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podnet.lab.engines.embedded import StateError
from podnet.lab.engines.embedded.state import Resource, StateFile, schema
from tests.refusals import refused

A, B = "urn:pulumi:dev::proj::test:index:Thing::a", "urn:pulumi:dev::proj::test:index:Thing::b"
PROGRAM = """
a = Thing("a", password=pulumi.Output.secret("hush"))
Thing("b", on=a.arn)
"""
SOME_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def changed(content, place, value):
    """The content with the value at this place; without the place where no value is given."""
    *way, last = place
    for part in way:
        content = content[part]
    if value is ...:
        del content[last]
    else:
        content[last] = value


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("resources",), {}, "resources: input should be a valid array, got {}"),
        (("resources",), None, "resources: input should be a valid array, got None"),
        (("resources",), ..., "resources: field required"),
        (("outputs",), 5, "outputs: input should be an object, got 5"),
        (("doubtful",), [B + "b"], "doubtful[0]: must be the URN of one of resources"),
        (("doubtful",), [5], "doubtful[0]: input should be a valid string, got 5"),
        (("pending",), [{}], "pending[0].urn: field required"),
        (("secretOutputs",), "all", "secretOutputs: input should be a valid array, got 'all'"),
        (("version",), True, "version: input should be a valid integer, got True"),
        (("version",), 1.0, "version: input should be a valid integer, got 1.0"),
        (("resorces",), [], "resorces: extra inputs are not permitted, got []"),
        (("resources", 1, "urn"), 7, "resources[1].urn: input should be a valid string, got 7"),
        (("resources", 1, "urn"), "a", "resources[1].urn: string should match pattern"),
        (("resources", 1, "urn"), ..., "resources[1].urn: field required"),
        (("resources", 1, "inputs"), ..., "resources[1].inputs: field required"),
        (("resources", 1, "inputs"), [], "resources[1].inputs: input should be an object, got []"),
        (("resources", 1, "custom"), "yes", "resources[1].custom: input should be a valid boolean"),
        (("resources", 1, "id"), ..., f"resources[1].id: a custom resource has one, and {A}"),
        (("resources", 1, "id"), 7, "resources[1].id: input should be a valid string, got 7"),
        (("resources", 2, "dependencies"), "a", "dependencies: input should be a valid array"),
        (("resources", 2, "property_dependencies"), {"on": A}, "property_dependencies.on: input"),
        (("resources", 2, "parent"), "base", "resources[2].parent: string should match pattern"),
        (("resources", 2, "urn"), A, f"resources: a URN may stand once, and {A} stands 2 times"),
        (("resources", 1, "secret"), ["password", 5], "resources[1].secret[1]: input should be"),
    ],
)
def test_a_wrong_field_is_named_with_what_it_must_be(lab, place, value, said):
    lab.up(PROGRAM)
    content = lab.recorded()
    changed(content, place, value)
    spoiled = json.dumps(content)
    lab.state.write_text(spoiled)

    for what in ("preview", "up", "destroy"):
        with refused("state-malformed", StateError) as caught:
            getattr(lab.engine(), what)()

    assert said in str(caught.value)
    assert lab.state.read_text() == spoiled
    assert lab.cloud.names == ["a", "b"]


def test_what_the_sentence_says_brings_the_state_back(lab):
    lab.up(PROGRAM)
    good = lab.state.read_text()
    lab.state.write_text("")

    with refused("state-not-json") as caught:
        lab.up()

    backup = lab.state.with_name("state.json.backup")
    assert f"`cp {backup} {lab.state}`" in str(caught.value)
    shutil.copy(backup, lab.state)
    assert lab.state.read_text() == good
    assert lab.up().changes == ()


def test_a_state_that_is_gone_is_not_taken_for_an_empty_one(lab):
    lab.up(PROGRAM)
    lab.state.unlink()

    for what in ("preview", "up", "refresh", "destroy"):
        with refused("state-missing", StateError):
            getattr(lab.engine(), what)()

    assert lab.cloud.names == ["a", "b"]


def test_a_backup_that_is_no_state_either_is_not_offered(lab):
    lab.up(PROGRAM)
    for file in (lab.state, lab.state.with_name("state.json.backup")):
        file.write_text("{}")

    with refused("state-without-version") as caught:
        lab.up()

    assert "put a good copy in its place" in str(caught.value)


def test_a_missing_backup_is_written_again(lab):
    lab.up(PROGRAM)
    backup = lab.state.with_name("state.json.backup")
    backup.unlink()

    lab.up()

    assert backup.read_text() == lab.state.read_text()


@pytest.mark.parametrize("key", [b"", b"\xff" * 44, b"short", None])
def test_a_key_that_is_none_is_named(lab, key):
    lab.up(PROGRAM)
    file = lab.state.with_name("state.json.key")
    file.unlink()
    if key is None:
        file.mkdir()
    else:
        file.write_bytes(key)

    with refused("state-secrets-unreadable") as caught:
        lab.up()

    assert f"{file} is not a key" in str(caught.value)


def test_a_secret_that_is_not_sealed_is_named(lab):
    lab.up(PROGRAM)
    content = lab.recorded()
    content["resources"][1]["inputs"]["password"] = 5
    lab.state.write_text(json.dumps(content))

    with refused("state-secrets-unreadable"):
        lab.up()


def test_the_file_has_a_field_for_each_of_a_resource():
    assert {item.name for item in fields(Resource)} == set(schema.Recorded.model_fields)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_change_to_a_field_is_read_or_refused(lab, data):
    if not lab.state.exists():
        lab.up(PROGRAM)
        lab.good = lab.state.read_text()
    content = json.loads(lab.good)
    place = data.draw(st.sampled_from(list(places(content))))
    changed(content, place, data.draw(st.just(...) | SOME_JSON))
    lab.state.write_text(json.dumps(content))

    try:
        state = StateFile(lab.state, "proj", "dev").load()
    except StateError as error:
        assert str(lab.state) in str(error)  # noqa: PT017  # either way is right
    else:
        assert state.live.keys() >= {A, B} or place[0] == "resources"


@given(content=st.binary(max_size=60) | SOME_JSON.map(lambda each: json.dumps(each).encode()))
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_content_that_is_no_state_is_refused(tmp_path, content):
    file = tmp_path / "state.json"
    file.write_bytes(content)

    with pytest.raises(StateError, match=r"Nothing was changed"):
        StateFile(file, "proj", "dev").load()


def places(content, before=()):
    """Every place in a JSON value that a value can be taken from."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*before, key)
        if isinstance(value, dict | list):
            yield from places(value, (*before, key))
