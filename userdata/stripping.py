"""Takes comments and docstrings out of Python, which a node runs and nobody reads there.

By the tokens of the source, since what `ast.unparse` writes differs between versions of Python, and
may be what the Python of a node does not read.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from typing import TypeGuard


def stripped(source: str) -> str:
    """The source without comments, docstrings and the blank lines between statements."""
    lines = source.splitlines()
    for line, column in _comments(source):
        lines[line - 1] = lines[line - 1][:column].rstrip()
    kept = dict(enumerate(lines, 1))
    for texts, body in _docstrings(ast.parse(source)):
        for text in texts:
            for line in range(text.lineno, (text.end_lineno or 0) + 1):
                kept[line] = ""
        if texts and len(texts) == len(body):
            kept[body[0].lineno] = " " * body[0].col_offset + "pass"
    inside = _inside_strings(source)
    return "".join(
        f"{line if at in inside else line.rstrip()}\n"
        for at, line in kept.items()
        if at in inside or line.strip()
    )


def _comments(source: str) -> Iterator[tuple[int, int]]:
    """Where comments begin: line, counted from 1, and column."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start


def _inside_strings(source: str) -> set[int]:
    """The lines of strings of several lines that are no docstrings."""
    tree = ast.parse(source)
    docstrings = {id(text.value) for texts, _ in _docstrings(tree) for text in texts}
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in docstrings
        if node.end_lineno != node.lineno
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }


def _docstrings(tree: ast.Module) -> Iterator[tuple[list[ast.Expr], list[ast.stmt]]]:
    """Strings that are statements, of one body each, with the body."""
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            yield [statement for statement in body if _is_text(statement)], body


def _is_text(statement: ast.stmt) -> TypeGuard[ast.Expr]:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
