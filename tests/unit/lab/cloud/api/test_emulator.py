"""moto reads settings as it is imported, so one module prepares it for all others."""

from __future__ import annotations

import re

from podnet.lab.home import PROJECT


def test_moto_is_imported_by_the_module_that_prepares_it_alone():
    imports = re.compile(r"^\s*(?:from|import) moto\b", re.MULTILINE)
    found = {
        file.relative_to(PROJECT / "podnet/lab").as_posix()
        for file in (PROJECT / "podnet/lab").rglob("*.py")
        if imports.search(file.read_text())
    }

    assert found == {"cloud/api/emulator.py"}
