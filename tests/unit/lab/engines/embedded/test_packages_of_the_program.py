"""The embedded engine loads all of the program again for each run."""

import json
import subprocess
import sys

from podnet.lab.engines.embedded.program import PACKAGE, PROGRAM

SHARED = {"errors"}
"""What engine and program have in common, so that one knows the other's errors."""
IMPORT_ALL = """
import importlib, json, pkgutil, sys
import podnet.components
for module in pkgutil.iter_modules(podnet.components.__path__):
    importlib.import_module(f"podnet.components.{module.name}")
own = {name.split(".")[1] for name in sys.modules if name.startswith("podnet.")}
print(json.dumps(sorted(own)))
"""


def test_a_package_that_the_components_import_is_the_programs():
    """A module that stays would hold the enumerations of an earlier run, which are others."""
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=True
    )

    assert PACKAGE == "podnet"
    assert set(json.loads(ran.stdout.splitlines()[-1])) - SHARED == PROGRAM
