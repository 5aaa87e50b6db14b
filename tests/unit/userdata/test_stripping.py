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


def test_comments_docstrings_and_blank_lines_go_and_strings_stay():
    source = '''"""Module."""

# Why.
TEXT = """\\
first # no comment

    last
"""  # Another.


class Field:
    """Class."""

    size: int = 1
    """Field."""


class Error(Exception):
    """Nothing else."""


def work(text: str = "#") -> str:
    """Function,

    over lines.
    """
    return f"{text} # {TEXT!r}"  # noqa: X1
'''

    assert (
        stripped(source)
        == '''TEXT = """\\
first # no comment

    last
"""
class Field:
    size: int = 1
class Error(Exception):
    pass
def work(text: str = "#") -> str:
    return f"{text} # {TEXT!r}"
'''
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_the_program_is_the_same(path):
    source = path.read_text()

    text = stripped(source)

    assert ast.dump(ast.parse(text)) == ast.dump(without_docstrings(ast.parse(source)))
    assert stripped(text) == text
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    assert [token.string for token in tokens if token.type == tokenize.COMMENT] == []


def without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(getattr(node, "body", None), list):
            kept = [statement for statement in node.body if not is_text(statement)]
            node.body = kept or (node.body and [ast.Pass()])
    return tree


def is_text(statement):
    value = getattr(statement, "value", None)
    return isinstance(statement, ast.Expr) and isinstance(getattr(value, "value", None), str)
