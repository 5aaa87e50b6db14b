"""Helpers of the tests of routing modes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
