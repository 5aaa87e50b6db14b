"""Python without comments, as nodes receive it."""

import ast
import io
import tokenize
from pathlib import Path

import pytest

from podnet import userdata
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.settings import Settings
from podnet.userdata.stripping import stripped, uncommented

PROJECT = Path(__file__).parents[3]
SOURCES = sorted(
    path for folder in ("userdata", "podnet/plan") for path in (PROJECT / folder).rglob("*.py")
)


def test_comments_docstrings_types_and_blank_lines_go_and_strings_stay():
    source = '''"""Module."""

from collections.abc import Iterator, Sequence
from typing import Any

# Why.
TEXT = """\\
first # no comment

    last
"""  # Another.
KINDS: dict[str, Any] = {}
Kinds = Sequence[str]


class Field:
    """Class."""

    size: int = 1
    """Field."""


class Error(Exception):
    """Nothing else."""


def work(
    text: str = "#", *more: int, other: tuple[int, ...] = (), **rest: str
) -> Iterator[
    str
]:
    """Function,

    over lines.
    """
    every: list[str] = []
    return f"{text} # {TEXT!r}"  # noqa: X1
'''

    assert (
        stripped(source)
        == '''TEXT = """\\
first # no comment

    last
"""
KINDS = {}
class Field:
    size: int = 1
class Error(Exception):
    pass
def work(text = "#", *more, other = (), **rest):
    every = []
    return f"{text} # {TEXT!r}"
'''
    )


def test_a_statement_is_one_line_but_for_strings_of_several():
    source = '''pairs = [
    (first, second)  # no comment
    for first, second in {
        "a": """x (
    y""",
        "b": (
            1,
        ),
        "c": [
            2,
            (3, 4),
        ],
    }.items()

    if (
        first or
        second
    )
]
if pairs:
    pass
'''

    assert (
        stripped(source)
        == '''pairs = [(first, second) for first, second in {"a": """x (
    y""", "b": (1,), "c": [2, (3, 4),],}.items() if (first or second)]
if pairs:
    pass
'''
    )


def test_comments_of_scripts_and_units_go():
    text = "#!/bin/sh\n# Why.\nset -eu\n  # Why not.\necho '# no comment'  # but this stays\n"

    assert uncommented(text) == "#!/bin/sh\nset -eu\necho '# no comment'  # but this stays\n"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_the_program_is_the_same(path):
    source = path.read_text()

    text = stripped(source)

    assert ast.dump(ast.parse(text)) == ast.dump(without_types(ast.parse(source)))
    assert stripped(text) == text
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    assert [token.string for token in tokens if token.type == tokenize.COMMENT] == []


def test_what_one_file_of_a_node_imports_from_another_is_there():
    files = userdata.release.files(Settings(kubernetes=Kubernetes.KUBEADM))
    trees = {Path(path).stem: ast.parse(text) for path, text in files.items() if ".py" in path}
    defined = {
        name: {
            each.id if isinstance(each, ast.Name) else each.name
            for each in ast.walk(tree)
            if isinstance(each, ast.Name | ast.FunctionDef | ast.ClassDef)
        }
        for name, tree in trees.items()
    }

    lacking = {
        (name, each.name)
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for module in [node.module.split(".")[-1]]
        for each in node.names
        if module in defined and each.name not in {*defined[module], *defined}
    }

    assert lacking == set()


def without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(getattr(node, "body", None), list):
            kept = [statement for statement in node.body if not is_text(statement)]
            node.body = kept or (node.body and [ast.Pass()])
    return tree


def without_types(tree):
    for node in ast.walk(without_docstrings(tree)):
        for name in ("returns", "annotation"):
            if hasattr(node, name) and not isinstance(node, ast.AnnAssign):
                setattr(node, name, None)
        if isinstance(getattr(node, "body", None), list) and not isinstance(node, ast.ClassDef):
            node.body = [plain(statement) for statement in node.body]
    for _ in range(3):
        without_unused(tree)
    return tree


def without_unused(tree):
    """Without imports and types that nothing uses, of which one may be used by the next."""
    used = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for node in list(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            node.names = [each for each in node.names if each.name in used]
            if not node.names:
                tree.body.remove(node)
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Subscript)
            and isinstance(node.value.value, ast.Name)
            and used.isdisjoint(each.id for each in node.targets)
        ):
            tree.body.remove(node)


def plain(statement):
    if isinstance(statement, ast.AnnAssign) and statement.value:
        return ast.Assign(targets=[statement.target], value=statement.value)
    return statement


def is_text(statement):
    value = getattr(statement, "value", None)
    return isinstance(statement, ast.Expr) and isinstance(getattr(value, "value", None), str)
