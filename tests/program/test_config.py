"""What the program sees of a stack's configuration, whichever engine hands it over."""

from __future__ import annotations

import contextvars
import json

import pulumi
import pytest
from pulumi.runtime import set_all_config

from podnet.components.config import plain_errors, stack_config
from podnet.errors import UserError


def read(in_process: dict[str, str]) -> dict[str, str]:
    """The configuration, with this much of it set by an engine in the same process."""

    def run() -> dict[str, str]:
        set_all_config(in_process)
        return stack_config()

    return contextvars.copy_context().run(run)


def test_every_key_that_an_engine_in_the_process_sets_is_seen(monkeypatch):
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    given = {"podnet:nodeCount": "3", "podnet:nodecount": "4", "aws:region": "eu-central-1"}

    assert read(given) == given


def test_every_key_that_the_cli_puts_into_the_environment_is_seen(monkeypatch):
    given = {"podnet:nodeCount": "3", "podnet:nodecount": "4", "aws:region": "eu-central-1"}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(given))

    assert read({}) == given


def test_what_is_set_in_the_process_wins_as_it_does_for_the_sdk(monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"podnet:zones": "1", "podnet:tags": "{}"}))

    assert read({"podnet:zones": "2"}) == {"podnet:zones": "2", "podnet:tags": "{}"}


def test_a_misspelt_key_in_the_environment_stops_the_program(cloud, monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"podnet:nodecount": "3"}))

    with pytest.raises(pulumi.RunError, match="did you mean podnet:nodeCount"):
        cloud.deploy()


def test_the_secrets_of_a_stack_do_not_hide_its_keys(cloud, monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"podnet:nodeCount": "1"}))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(["podnet:nodeCount"]))
    cloud.deploy()

    assert set(cloud.inputs("Instance")) == {"nodes-a-node-1"}


@pytest.mark.parametrize("error", [ValueError, UserError])
def test_bad_input_is_one_logged_error_and_the_exit_code_that_says_so(monkeypatch, error):
    logged = []
    monkeypatch.setattr(pulumi.log, "error", logged.append)

    with pytest.raises(SystemExit) as caught, plain_errors():
        raise error("what is wrong")
    assert (caught.value.code, logged) == (32, ["what is wrong"])


def test_a_wrong_setting_is_one_error(cloud):
    with pytest.raises(pulumi.RunError):
        cloud.deploy(nodeCount="0")

    assert len(cloud.errors) == 1


def test_a_mistake_in_the_code_is_not_dressed_up_as_bad_input():
    with pytest.raises(KeyError), plain_errors():
        raise KeyError
