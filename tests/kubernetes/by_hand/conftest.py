"""One cluster for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from podnet.lab.cloud import lifecycle
from podnet.lab.cloud.instances.cgroups import controllers
from podnet.lab.home import Home
from podnet.lab.images import kubernetes as image
from tests.kubernetes.by_hand.cluster import Cluster, kernel_settings
from tests.lab.cloud.conftest import make_cloud


@pytest.fixture(scope="package")
def settings():
    """The machine's own kernel settings before there is a cluster on it."""
    return kernel_settings()


@pytest.fixture(scope="package")
def cluster(tmp_path_factory, settings):
    image.ensure(Home.open().image)
    directory = tmp_path_factory.mktemp("cloud")
    home = Home.open(directory)
    try:
        cluster = Cluster(make_cloud(directory))
        cluster.begin()
        cluster.until_ready()
        yield cluster
    finally:
        lifecycle.down(home)
    assert [
        root
        for root in controllers(Path("/proc/self/mounts").read_text())
        if (root / f"lab-{home.id}").exists()
    ] == []
