"""ARCHITECTURE.md prints the contracts that import-linter holds."""

import os
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "ARCHITECTURE.md"
BEGIN, END = "<!-- contracts -->\n", "<!-- /contracts -->"


def contracts():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def printed(contract):
    """One contract as the page has it."""
    lines = [f"**{contract['name']}**", ""]
    match contract["type"]:
        case "layers":
            lines += [f"    {layer}" for layer in contract["layers"]]
        case "independence":
            lines += [f"    {module}" for module in contract["modules"]]
            lines += [f"    but for {each}" for each in contract.get("ignore_imports", ())]
        case "forbidden":
            sources = (name.removeprefix("podnet.") for name in contract["source_modules"])
            lines += [f"    {', '.join(sources)}"]
            lines += [f"    import none of {', '.join(contract['forbidden_modules'])}"]
        case kind:
            raise AssertionError(f"no way is known to print a contract of type {kind}")
    return "\n".join(lines)


def test_the_page_prints_every_contract():
    text = "\n\n".join(map(printed, contracts())) + "\n"
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(before + BEGIN + text + END + after)
        pytest.fail(f"{PAGE} is rewritten; read the change, and run again")

    assert rest == text + END + after
