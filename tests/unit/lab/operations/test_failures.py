"""What is behind an error where the cloud has died or the lab was removed: a sentence each."""

from __future__ import annotations

import http.client
import shutil
import urllib.error

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from podnet.cli.app import Invocation
from podnet.errors import UserError
from podnet.lab.clients import client
from podnet.lab.engines.errors import ResourceError
from podnet.lab.home import Home
from podnet.lab.operations.failures import explain
from podnet.lab.stack.engine import EngineKind, record

URN = "urn:pulumi:lab::podnet::aws:ec2/vpc:Vpc::network"
NO_ANSWERS = [
    EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
    ConnectionClosedError(endpoint_url="http://127.0.0.1:1"),
    ReadTimeoutError(endpoint_url="http://127.0.0.1:1"),
    urllib.error.URLError("refused"),
    http.client.RemoteDisconnected("gone"),
    ConnectionRefusedError(111, "Connection refused"),
    TimeoutError(),
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A lab with a stack, whose cloud does not run."""
    home = Home.open(tmp_path / "lab")
    monkeypatch.setattr(Invocation, "lab", home.directory)
    record(home, "lab", EngineKind.EMBEDDED)
    return home


@pytest.fixture
def running(home, monkeypatch):
    """The same, with a cloud that runs."""
    monkeypatch.setattr("podnet.lab.cloud.process.running", lambda _: "http://127.0.0.1:1")
    return home


def chained(cause):
    """An error as a program's SDK raises it: in one of its own, in one of the engine."""
    try:
        try:
            raise RuntimeError("the SDK's own") from cause  # noqa: TRY301  # a chain is the point
        except RuntimeError as error:
            raise LookupError("another") from error
    except LookupError as error:
        return error


@pytest.mark.parametrize("error", NO_ANSWERS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("wrap", [lambda each: each, chained], ids=["bare", "chained"])
def test_a_cloud_that_died_under_a_command_is_named(home, error, wrap):
    assert explain(wrap(error)).rule == "cloud-dead"


@pytest.mark.parametrize("error", NO_ANSWERS, ids=lambda each: type(each).__name__)
def test_an_api_that_gives_no_answer_is_named(running, error):
    found = explain(chained(error))

    assert found.rule == "api-silent"
    assert str(running.cloud_log) in str(found)


def test_an_error_of_the_engine_comes_of_the_dead_cloud(home):
    assert explain(ResourceError(URN, "no answer", rule="resource-failed")).rule == "cloud-dead"


@pytest.mark.parametrize(
    "error",
    [
        UserError("no such node", rule="node-unknown"),
        ResourceError(URN, "no such image", rule="resource-failed"),
        ZeroDivisionError(),
        FileNotFoundError(),
    ],
)
def test_an_error_of_another_cause_stays_as_it_is(running, error):
    assert explain(error) is None


@pytest.mark.parametrize("error", [FileNotFoundError("lab.json.tmp"), *NO_ANSWERS])
def test_a_lab_that_was_removed_under_a_command_is_named(home, error):
    shutil.rmtree(home.directory)

    assert explain(chained(error)).rule == "lab-removed-meanwhile"
    assert not home.directory.exists()


def test_a_wrong_word_is_not_explained_by_a_missing_lab(home):
    shutil.rmtree(home.directory)

    assert explain(UserError("no such stack", rule="stack-unknown")) is None


def test_the_error_of_a_real_call_to_nobody_is_such_a_one(home):
    with pytest.raises(EndpointConnectionError) as caught:
        client("ec2", "http://127.0.0.1:1", "eu-central-1").describe_vpcs()

    assert explain(caught.value).rule == "cloud-dead"
