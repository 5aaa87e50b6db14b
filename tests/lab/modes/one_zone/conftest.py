import pytest


@pytest.fixture(scope="module")
def lab(labs):
    """Four nodes in one subnet; the routing is whatever the module before left."""
    return labs.share("one zone", zones=1, nodeCount=4)
