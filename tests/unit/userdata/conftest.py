import os
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture
def golden():
    """Compare a text with its golden copy; UPDATE_GOLDEN=1 rewrites the copy and still fails."""

    def compare(name, text):
        copy = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN") == "1":
            copy.write_text(text)
            pytest.fail(f"rewrote tests/golden/{name}; look at the difference, then run again")

        assert text == copy.read_text(), f"tests/golden/{name} differs; UPDATE_GOLDEN=1 rewrites it"

    return compare
