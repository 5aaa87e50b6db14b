"""A copy of the project that tests may change, and an API of moto on loopback."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config

from lab.pulumi_cli import PulumiCli
from tests.api import served

REGION = "eu-central-1"
IMAGE = "ami-1e749f67"  # any that moto lists
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def endpoint(monkeypatch) -> Iterator[str]:
    # Without it moto knows none of the policies that AWS manages.
    monkeypatch.setitem(default_user_config["iam"], "load_aws_managed_policies", value=True)
    with served() as url:
        yield url
        BackendDict.reset()


@pytest.fixture
def ec2(endpoint):
    return boto3.client(
        "ec2",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )  # noqa: S106


@pytest.fixture
def project(tmp_path) -> Path:
    """The program itself, with the interpreter of these tests."""
    copy = tmp_path / "project"
    copy.mkdir()
    for name in ("components", "plan", "stacks", "userdata"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
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
