"""A copy of the project that tests may change, and the lab's API on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from podnet.lab.engines.embedded import Engine
from podnet.lab.engines.pulumi.cli import PulumiCli
from podnet.lab.images import catalogue
from podnet.lab.providers.aws import AwsProvider
from tests.cli.proxy import Held, serve

REGION = "eu-central-1"
IMAGE, NEWER_IMAGE = (
    image.image_id
    for image in catalogue.IMAGES
    if image.recipe is catalogue.Recipe.DEBIAN and image.architecture == "x86_64"
)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def interpreter(monkeypatch) -> None:
    """The program runs by the interpreter of these tests.

    Language hosts of the Go module proxy are older than the runtime options in Pulumi.yaml, and
    would take the first `python3` on PATH.
    """
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)


@pytest.fixture
def endpoint() -> Iterator[str]:
    """The lab's own API, in a process whose end is the end of all that was made in it."""
    with subprocess.Popen(
        [sys.executable, str(ROOT / "tests/unit/lab/cloud/serve_api.py")],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.terminate()


@pytest.fixture
def held(endpoint) -> Iterator[Held]:
    """What goes through the proxy before the API."""
    found = Held(endpoint)
    server = serve(found)
    found.endpoint = f"http://127.0.0.1:{server.server_port}"
    yield found
    found.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def ec2(endpoint):
    return boto3.client(
        "ec2",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture
def project(tmp_path) -> Path:
    """The program itself, with the interpreter of these tests."""
    copy = tmp_path / "project"
    copy.mkdir()
    for name in ("components", "podnet", "stacks", "userdata"):
        shutil.copytree(
            ROOT / name,
            copy / name,
            symlinks=True,  # podnet/components and podnet/userdata link to the copies beside it
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, copy / name)
    (copy / ".venv").symlink_to(sys.prefix)
    return copy


@pytest.fixture
def cli(project, tmp_path, endpoint):
    """Drives the stack `lab` of two nodes; more configuration is passed by keyword."""

    def make(on_event=None, **config: str) -> PulumiCli:
        settings = {
            "podnet:nodeCount": "2",
            "podnet:imageId": IMAGE,
            **{f"podnet:{name}": value for name, value in config.items()},
        }
        return PulumiCli(project, "lab", tmp_path / "home", endpoint, REGION, on_event, settings)

    return make


@pytest.fixture
def embedded(project, tmp_path, endpoint):
    """The embedded engine, on the same API and with the same settings as the CLI."""

    def make(on_event=None, **config):
        settings = {
            "podnet:nodeCount": "2",
            "podnet:imageId": IMAGE,
            **{f"podnet:{name}": value for name, value in config.items()},
        }
        return Engine(
            project,
            "lab",
            tmp_path / "state.json",
            {"aws": AwsProvider(endpoint, REGION)},
            on_event,
            settings,
        )

    return make


@pytest.fixture(params=["cli", "embedded"])
def engine(request):
    """Either engine."""
    return request.getfixturevalue(request.param)


def descendants(pid: int) -> list[int]:
    """A process and all that it started."""
    children = (
        int(each)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for each in (task / "children").read_text().split()
    )
    return [pid, *(one for child in children for one in descendants(child))]


def kill_all(process: subprocess.Popen) -> None:
    """End a process and all that it started, as a machine does that loses its power."""
    for pid in descendants(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
