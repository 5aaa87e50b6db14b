"""Every benchmark runs; whether its figures keep their limits is for whoever runs it alone."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.lab

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "file", sorted((PROJECT / "benchmarks").glob("*.py")), ids=lambda file: file.stem
)
def test_a_benchmark_prints_its_figures(file):
    ran = subprocess.run(
        (sys.executable, file, "1"), capture_output=True, text=True, timeout=120, check=False
    )

    # 1 is a limit that is exceeded, and an error too.
    assert ran.returncode in (0, 1)
    assert ran.stderr == ""
    assert ran.stdout.startswith("1 rounds, ")
    assert "limit" in ran.stdout
