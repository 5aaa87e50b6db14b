"""One cluster for all tests of this folder; each leaves it as it found it."""

import pytest

from tests.kubernetes.cluster import Stack


@pytest.fixture(scope="package")
def stack(lab_home):
    made = Stack(lab_home, "kubernetes")
    made.up()
    return made
