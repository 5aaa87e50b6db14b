"""One cluster that Flannel carries, for all tests of this folder."""

import pytest

from tests.kubernetes.cluster import Stack


@pytest.fixture(scope="package")
def stack(lab_home):
    made = Stack(lab_home, "flannel")
    made.up()
    return made
