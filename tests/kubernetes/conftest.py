"""A lab of its own for each folder that asks for one, gone when its tests are."""

import shutil
import tempfile
from pathlib import Path

import pytest

from podnet.lab.cloud import lifecycle
from podnet.lab.home import Home


@pytest.fixture(scope="package")
def lab_home():
    # A short path: a socket of the instances' D-Bus must fit into 108 bytes.
    home = Home.open(Path(tempfile.mkdtemp(prefix="podnet-")))
    yield home
    lifecycle.down(home)
    shutil.rmtree(home.directory, ignore_errors=True)
