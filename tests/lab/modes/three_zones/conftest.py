import pytest


@pytest.fixture(scope="module")
def lab(labs):
    """Four nodes in three subnets, two of them in the first; routing as it was left."""
    return labs.share("three zones", zones=3, nodeCount=[2, 1, 1], nodeRangePrefix=28)
