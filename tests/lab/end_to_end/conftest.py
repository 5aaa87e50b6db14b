"""The lab that most of these tests begin with."""

import pytest


@pytest.fixture(scope="module")
def lab(make_lab):
    """Two nodes with their pods; each module has a lab of its own."""
    lab = make_lab()
    lab.up(nodeCount=2)
    return lab
