"""Every sentence by which podnet refuses or warns, once in the code and once in a golden file.

The code names a rule beside each sentence (`rule="stack-unknown"`); other tests name the rule. The
sentences are read from the source, so none is left out because no test met it.
"""

from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "refusals.txt"
MESSAGE = ("message", "text")
"""Names of the argument that holds the sentence, where it has no place."""


@cache
def sources() -> dict[str, ast.Module]:
    """Every module that runs where the command line or the program does, by its path."""
    folders = ("podnet", "components", "userdata")
    files = [ROOT / "__main__.py", *(file for name in folders for file in modules(ROOT / name))]
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text()) for file in files}


def modules(folder: Path) -> list[Path]:
    # Programs of the node log to its journal, and import nothing of the errors here.
    return [file for file in sorted(folder.rglob("*.py")) if "files" not in file.parts]


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """The calls that name a rule, and the rule."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "rule" and isinstance(keyword.value, ast.Constant):
                    yield node, keyword.value.value


def sentence(call: ast.Call) -> str:
    named = [each.value for each in call.keywords if each.arg in MESSAGE]
    return ": ".join(map(template, [*call.args, *named]))


def template(node: ast.expr) -> str:
    """The text of an expression, with braces around what is filled in."""
    match node:
        case ast.Constant(value=str(text)):
            return text.replace("\n", "\\n")
        case ast.JoinedStr(values=values):
            return "".join(template(value) for value in values)
        case ast.FormattedValue(value=value):
            return f"{{{ast.unparse(value)}}}"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return template(left) + template(right)
    return f"{{{ast.unparse(node)}}}"


def user_errors(trees: dict[str, ast.Module]) -> dict[str, ast.ClassDef]:
    """`UserError` and the classes that derive from it, by name."""
    classes = {
        node.name: node
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"UserError"}
    while True:
        more = {
            name
            for name, node in classes.items()
            if any(isinstance(base, ast.Name) and base.id in found for base in node.bases)
        }
        if more <= found:
            return {name: node for name, node in classes.items() if name in found}
        found |= more


def test_every_sentence_is_as_the_golden_copy():
    lines = sorted(
        f"{rule}: {sentence(call)}" for tree in sources().values() for call, rule in calls(tree)
    )
    text = "\n".join(lines) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
        pytest.fail(f"{GOLDEN} is rewritten; read the change, and run again")

    assert text == GOLDEN.read_text()


def test_a_rule_stands_at_one_place():
    times = Counter(rule for tree in sources().values() for _, rule in calls(tree))

    assert [rule for rule, count in times.items() if count > 1] == []


def test_every_error_for_users_names_its_rule():
    trees = sources()
    errors = user_errors(trees)
    by_class = {name for name, node in errors.items() if any(calls(node))}
    nameless = [
        f"{path}:{node.lineno}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in errors.keys() - by_class
        and not any(keyword.arg in ("rule", None) for keyword in node.keywords)
    ]

    assert nameless == []
