import shutil

import pytest

from podnet.lab.home import PROJECT, Home
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from tests.unit.lab.providers.aws.conftest import ec2, endpoint, image  # noqa: F401  # fixtures
from tests.unit.lab.stack.watched import cluster, provider  # noqa: F401  # fixtures


@pytest.fixture
def home(tmp_path):
    return Home.open(tmp_path)


@pytest.fixture
def stack_named(home):
    """A stack of this name, behind an endpoint at which nothing listens."""
    return lambda name: LabStack(home, name, "http://127.0.0.1:1", EngineKind.EMBEDDED)


@pytest.fixture
def project(tmp_path):
    """The project with its stacks in a directory of its own."""
    copy = tmp_path / "project"
    shutil.copytree(PROJECT / "stacks", copy / "stacks")
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(PROJECT / name, copy / name)
    return copy
