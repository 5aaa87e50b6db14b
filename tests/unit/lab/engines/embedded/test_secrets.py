"""Secrets of a program: sealed in the state, in clear for the cloud alone."""

from podnet.lab.engines.embedded import EngineError
from tests.refusals import refused

SECRETIVE = """
made = Thing("made", password=pulumi.Output.secret("hush-hush"), size="{}")
Thing("user", nested={{"key": [made.password]}})
pulumi.export("password", made.password)
pulumi.export("open", "sesame")
"""


def test_secrets_reach_the_cloud_and_are_nowhere_in_clear(lab):
    created = lab.up(SECRETIVE.format("small"))
    changed = lab.up(SECRETIVE.format("large").replace("hush-hush", "open-hush"))

    assert [item.get("password") for item in lab.cloud.inputs] == ["open-hush", None]
    assert lab.cloud.inputs[1]["nested"] == {"key": ["open-hush"]}
    assert created.outputs == {"password": "[secret]", "open": "sesame"}
    assert [step.detail for step in changed.changes] == [
        'password: [secret]; size: "small" → "large"',
        "nested: [secret]",
    ]
    for file in lab.directory.glob("state*"):
        assert b"hush" not in file.read_bytes()
        assert b"open-" not in file.read_bytes()
    assert lab.state.with_name("state.json.key").stat().st_mode & 0o777 == 0o600


def test_with_secrets_a_second_up_still_changes_nothing(lab):
    lab.up(SECRETIVE.format("small"))
    before = lab.state.read_bytes()

    assert lab.up().changes == ()
    assert lab.state.read_bytes() == before


def test_without_its_key_a_state_with_secrets_is_refused_and_kept(lab):
    lab.up(SECRETIVE.format("small"))
    key, before = lab.state.with_name("state.json.key"), lab.state.read_bytes()
    key.unlink()

    with refused("state-secrets-unreadable", EngineError) as caught:
        lab.up()
    assert str(key) in str(caught.value)
    assert lab.state.read_bytes() == before
    assert not key.exists()
