"""A stack lives its whole life while the API is faulty, and no packet is lost."""

import json
import subprocess
import sys

import pytest

from podnet.lab.home import PROJECT
from podnet.lab.operations.drills.api import CASES

pytestmark = [pytest.mark.lab, pytest.mark.long]


@pytest.mark.parametrize("fault", [case.name for case in CASES])
def test_every_operation_is_done_under_the_fault(fault, tmp_path):
    directory = tmp_path / "lab"
    command = [sys.executable, "-m", "podnet.cli", "--lab", str(directory), "drill", "api"]
    ran = subprocess.run(
        [*command, "--engine", "embedded", "--fault", fault, "--json"],
        cwd=PROJECT,
        check=False,
        capture_output=True,
        text=True,
        timeout=1800,
    )

    outcomes = json.loads(ran.stdout)
    assert [each["operation"] for each in outcomes] == ["deploy", "switch", "roll", "destroy"]
    assert [each for each in outcomes if not each["done"] or each["lost"] or each["broken"]] == []
    assert ran.returncode == 0
    assert not directory.with_name("lab-drill").exists()
