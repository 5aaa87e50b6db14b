"""Python without comments, as nodes receive it."""

import ast
import io
import tokenize
from pathlib import Path

import pytest

from podnet.userdata.stripping import stripped

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
        == '''from collections.abc import Sequence
TEXT = """\\
first # no comment

    last
"""
KINDS = {}
Kinds = Sequence[str]
class Field:
    size: int = 1
class Error(Exception):
    pass
def work(
    text = "#", *more, other = (), **rest
):
    every = []
    return f"{text} # {TEXT!r}"
'''
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_the_program_is_the_same(path):
    source = path.read_text()

    text = stripped(source)

    assert ast.dump(ast.parse(text)) == ast.dump(without_types(ast.parse(source)))
    assert stripped(text) == text
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    assert [token.string for token in tokens if token.type == tokenize.COMMENT] == []


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
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in list(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module in ("typing", "collections.abc"):
            node.names = [each for each in node.names if each.name in used]
            if not node.names:
                tree.body.remove(node)
    return tree


def plain(statement):
    if isinstance(statement, ast.AnnAssign) and statement.value:
        return ast.Assign(targets=[statement.target], value=statement.value)
    return statement


def is_text(statement):
    value = getattr(statement, "value", None)
    return isinstance(statement, ast.Expr) and isinstance(getattr(value, "value", None), str)
