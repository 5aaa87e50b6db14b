"""One cluster that kube-router carries, for all tests of this folder."""

import pytest

from tests.kubernetes.cluster import Stack


@pytest.fixture(scope="package")
def stack(lab_home):
    made = Stack(lab_home, "kube-router")
    made.up()
    return made
