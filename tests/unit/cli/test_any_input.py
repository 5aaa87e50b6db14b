"""Whatever a user types or writes, a command ends by itself or with a sentence: no traceback."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from unittest import mock

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import podnet.lab.commands  # registers the commands
from podnet.cli import app as application
from podnet.lab.cloud import lifecycle
from podnet.lab.commands import deploy, drill, options
from podnet.lab.engines.embedded.providers import Providers
from podnet.lab.home import PROJECT, Home
from podnet.lab.host import preflight
from podnet.lab.providers.aws import AwsProvider
from podnet.lab.stack import lab_stack, overrides, stacks
from podnet.lab.stack.engine import EngineKind, record
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.config import PARSERS

NOWHERE = "http://127.0.0.1:1"
SOME = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ARGUMENT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)) | st.just("\udcff"),
    max_size=12,
)
"""What an argument can be: bytes that are no UTF-8 arrive as such a surrogate."""
WORD = st.sampled_from(
    [
        *application.app.commands,
        *("add", "rm", "exec", "select", "api", "switch", "overlay", "l2", "vpc-routes", "auto"),
        *("node-1", "pod-1a", "lab", "dev", "kubernetes", "--", "-", "", "=", "none", "lost=first"),
        *("--stack", "--engine", "--config", "-c", "--yes", "--json", "--fabric", "--fault"),
        *("--help", "--lab", "--enforce-iam", "--show-completion", "pulumi", "embedded"),
        *("nodeCount=3", "nodeCount=", "=3", "podnet:vpcCidr=::/0", "aws:region=5", "a:b:c=d"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
KEY = (
    st.sampled_from(
        [*(f"podnet:{name}" for name in PARSERS), "aws:region", "aws:ignoreTags", "aws:defaultTags"]
    )
    | st.sampled_from(["aws:profile", "aws:endpoints", "kubernetes:kubeconfig", "nodeCount", ""])
    | st.text(max_size=8)
)


class Dead:
    """An engine, or a client, each of whose calls nobody answers."""

    def __getattr__(self, name):
        def call(*_, **__):
            raise EndpointConnectionError(endpoint_url=NOWHERE)

        return call


@pytest.fixture
def podnet(monkeypatch, project, tmp_path):
    """Runs a command line on a lab with a stack, up to the first call of its cloud."""
    place = tmp_path
    aws = AwsProvider(NOWHERE, "eu-central-1")

    def engine(self, _note=None, once=None):
        config = self.project.config(self.name, self.config(once))
        assert self.region
        Providers({"aws": aws}).configure(config)
        return Dead()

    monkeypatch.setattr(preflight, "problems", list)
    for module, name in (
        (deploy, "start_cloud"),
        (deploy, "require_cloud"),
        (drill, "start_cloud"),
        (options, "running_cloud"),
    ):
        monkeypatch.setattr(module, name, lambda _: NOWHERE)
    monkeypatch.setattr(lifecycle, "down", lambda _: None)
    monkeypatch.setattr(deploy.fault_injection, "treat", lambda *_: "")
    monkeypatch.setattr(deploy, "REMOVE_SECONDS", 0.0)
    monkeypatch.setattr(LabStack, "engine", engine)
    monkeypatch.setattr(lab_stack, "client", lambda *_: Dead())
    monkeypatch.setattr(lab_stack, "PROJECT", project)
    monkeypatch.setattr(stacks, "PROJECT", project)

    def run(*words, lab=place / "lab"):
        home = Home(place / "lab", "0a1b2c")
        if not Home.exists(home.directory):
            home = Home.open(home.directory)
            record(home, "lab", EngineKind.EMBEDDED)
        said = io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["podnet", "--lab", str(lab), *words]),
            mock.patch.object(sys, "stdin", io.StringIO()),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            try:
                application.main()
            except SystemExit as ended:
                code = ended.code or 0
            else:
                code = 0
        assert "Traceback" not in said.getvalue()
        assert code in (0, 1, 2, 130)
        assert code == 0 or said.getvalue().strip()
        return code, said.getvalue()

    run.home = Home.open(place / "lab")
    run.place = place
    run.stack_file = project / "stacks/Pulumi.lab.yaml"
    record(run.home, "lab", EngineKind.EMBEDDED)
    return run


@SOME
@given(words=st.lists(WORD | ARGUMENT, max_size=5))
def test_any_words(podnet, words):
    # The place of a lab is drawn apart: a command makes and removes folders there.
    podnet(*(word for word in words if not word.startswith("--l")))


@SOME
@given(
    content=st.binary(max_size=40)
    | st.text(max_size=40).map(lambda each: each.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_as_a_stack_file(podnet, content):
    podnet.stack_file.write_bytes(content)

    assert podnet("up")[0] == 1


@SOME
@given(config=st.dictionaries(KEY, JSON | st.text(max_size=8), max_size=4), whole=st.booleans())
def test_any_value_in_a_stack_file(podnet, config, whole):
    region = {} if whole else {"aws:region": "eu-central-1"}
    podnet.stack_file.write_text(json.dumps({"config": {**region, **config}}))

    assert podnet("up")[0] == 1
    podnet("preview")


@SOME
@given(
    name=st.sampled_from(["engines/lab", "fabric", "current-stack", "overrides-lab.json"]),
    content=st.binary(max_size=20) | JSON.map(lambda each: json.dumps(each).encode()),
    words=st.sampled_from([("up",), ("status",), ("stack",), ("switch", "overlay"), ("down",)]),
)
def test_any_bytes_in_a_file_of_the_lab(podnet, name, content, words):
    file = podnet.home.directory / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    try:
        podnet(*words)
    finally:
        file.unlink()
        record(podnet.home, "lab", EngineKind.EMBEDDED)


@SOME
@given(content=st.binary(max_size=20) | JSON.map(lambda each: json.dumps(each).encode()))
def test_any_bytes_as_the_record_of_a_lab(podnet, content):
    file = podnet.home.directory / "lab.json"
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        for words in (("status",), ("up",)):
            code, said = podnet(*words)
            assert code == 1
            assert str(file) in said
    finally:
        file.write_bytes(before)


VARIABLES = (
    *("AWS_PROFILE", "AWS_REGION", "AWS_CONFIG_FILE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"),
    *("HOME", "PATH", "TMPDIR", "LANG", "LC_ALL", "TERM", "COLUMNS", "NO_COLOR", "SHELL"),
    *("PULUMI_CONFIG", "PULUMI_HOME", "PYTHONPATH", "HTTP_PROXY", "XDG_CACHE_HOME"),
)


@SOME
@given(
    environment=st.dictionaries(st.sampled_from(VARIABLES), ARGUMENT, max_size=5),
    words=st.sampled_from([("up",), ("status",), ("--help",), ("switch", "l2"), ("stack",)]),
)
def test_any_environment(podnet, environment, words):
    with mock.patch.dict(os.environ, environment):
        podnet(*words)


@pytest.mark.parametrize("words", [("up",), ("preview",), ("status",), ("switch", "overlay")])
@pytest.mark.parametrize("name", ["", " ", "..", "../lab", "a/b", "lab\n", "LAB", "x" * 5000])
def test_a_stack_name_that_is_none_is_refused(podnet, words, name):
    code, said = podnet(*words, "--stack", name)

    assert code == 1
    assert "there is no stack" in said


@pytest.mark.parametrize("words", [("up",), ("down",), ("preview",)])
def test_a_lab_that_is_no_directory_is_refused(podnet, words):
    file = podnet.place / "file"
    file.write_text("mine")

    for place in (file, file / "lab", podnet.place / ("x" * 300)):
        code, said = podnet(*words, lab=place)
        assert code == 1
        assert "cannot be the directory of a lab" in said
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no aws:region"),
        (b"config:\n", "has no aws:region"),
        (b"config: {}\n", "has no aws:region"),
        (b"config: 5\n", "config must be a mapping"),
        (b"config: [a]\n", "config must be a mapping"),
        (b"- a\n", "must be a mapping, got list"),
        (b"\x00\x01\xff", "is not YAML"),
        (b"\xff\xfe", "is not YAML"),
        (b"config: {aws:region: [a, b]}", """aws:region '["a","b"]' is not the name"""),
        (
            b"config:\n  aws:region: [a, b]\n",
            """aws:region '["a","b"]' is not the name of a region""",
        ),
        (b"config:\n  aws:region: 5\n", "aws:region '5' is not the name of a region"),
        (b"config:\n  aws:region: true\n", "aws:region 'true' is not the name of a region"),
        (b"config:\n  aws:region:\n", "aws:region '' is not the name of a region"),
        (b"config:\n  aws:region: ''\n", "aws:region '' is not the name of a region"),
        (b"config:\n  aws:region: 08\n", "is not YAML"),
        (b"config:\n  aws:region: !!binary aGk=\n", "aws:region holds what is neither text"),
        (b"config:\n  aws:region: !!set {a, b}\n", "aws:region holds what is neither text"),
        (b"config:\n  aws:region: .nan\n", "is not the name of a region"),
        (b"config:\n  aws:region: &a [*a]\n", "aws:region holds what is neither text"),
        (b"config:\n  aws:region: {1: a, b: c}\n", "aws:region holds what is neither text"),
        (b"config:\n  aws:region: " + b"[" * 3000, "is not YAML"),
        (b"config:\n  5: a\n", "configuration key 5 has no namespace"),
        (b"config:\n  region: a\n", "has no namespace"),
    ],
)
def test_a_stack_file_that_is_none_is_named(podnet, content, said):
    podnet.stack_file.write_bytes(content)

    for words in (("up",), ("preview",), ("switch", "overlay")):
        code, text = podnet(*words)
        assert code == 1
        assert said in " ".join(text.split())
        assert str(podnet.stack_file) in text


def test_a_stack_file_that_is_a_folder_is_named(podnet):
    podnet.stack_file.unlink()
    podnet.stack_file.mkdir()

    code, said = podnet("up")

    assert code == 1
    assert "cannot be read (Is a directory)" in said


def test_a_terminal_that_knows_ascii_alone_shows_every_command():
    for words in (["--help"], ["--stack", "ü"], ["up", "--stack", "→"]):
        output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        with (
            mock.patch.object(sys, "argv", ["podnet", *words]),
            mock.patch.object(sys, "stdout", output),
            mock.patch.object(sys, "stderr", output),
            mock.patch.object(preflight, "problems", return_value=["→ ü"]),
            pytest.raises(SystemExit),
        ):
            application.main()


def test_the_lists_here_are_of_what_there_is():
    assert overrides.FABRIC.partition(":")[2] in PARSERS
    assert (PROJECT / "stacks/Pulumi.lab.yaml").exists()
