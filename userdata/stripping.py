"""Takes comments, docstrings and annotations out of Python, which a node runs and nobody reads.

By the tokens of the source, since what `ast.unparse` writes differs between versions of Python, and
may be what the Python of a node does not read.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from functools import cache
from typing import TypeGuard


@cache
def stripped(source: str) -> str:
    """The source without comments, docstrings, annotations, blank lines and broken lines.

    Fields of classes keep theirs, which dataclasses read.
    """
    source = _without_unused_types(_without_annotations(source))
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
    return _joined(
        "".join(
            f"{line if at in inside else line.rstrip()}\n"
            for at, line in kept.items()
            if at in inside or line.strip()
        )
    )


def uncommented(text: str) -> str:
    """A script or a configuration file without the lines that are comments."""
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if line.startswith("#!") or not line.lstrip().startswith("#")
    )


def _joined(source: str) -> str:
    """With one line for each statement, but for strings of several lines."""
    lines, inside = source.splitlines(), _inside_strings(source)
    # From the last, so that the places before stay.
    for line in reversed([*_broken(source)]):
        if {line, line + 1} <= inside:
            continue
        first, second = lines[line - 1], lines[line].lstrip()
        space = "" if first[-1] in "([{" or second[0] in ")]}" else " "
        lines[line - 1 : line + 1] = [f"{first}{space}{second}"]
    return "".join(f"{line}\n" for line in lines)


def _broken(source: str) -> Iterator[int]:
    """The lines that end inside brackets, counted from 1."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NL:
            yield token.start[0]


def _without_annotations(source: str) -> str:
    text, starts = source.encode(), [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def end(node: ast.expr | ast.arg) -> int:
        return starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)

    cuts = []
    for node, is_field in _annotated(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            for each in _arguments(node.args):
                if each.annotation:
                    start = starts[each.lineno - 1] + each.col_offset + len(each.arg.encode())
                    cuts.append((start, end(each.annotation)))
            if node.returns:
                returns = starts[node.returns.lineno - 1] + node.returns.col_offset
                cuts.append((text.rindex(b")", 0, returns) + 1, end(node.returns)))
        elif node.value and not is_field:
            cuts.append((end(node.target), end(node.annotation)))
    for first, last in sorted(cuts, reverse=True):
        text = text[:first] + text[last:]
    return text.decode()


def _annotated(tree: ast.AST) -> Iterator[tuple[ast.FunctionDef | ast.AnnAssign, bool]]:
    """Functions and variables, and whether each is directly in a class."""
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AnnAssign):
                yield child, isinstance(node, ast.ClassDef)


def _arguments(found: ast.arguments) -> Iterator[ast.arg]:
    yield from (*found.posonlyargs, *found.args, *found.kwonlyargs)
    yield from (each for each in (found.vararg, found.kwarg) if each)


def _without_unused_types(source: str) -> str:
    """Without imports and names of types that only annotations used."""
    tree, lines = ast.parse(source), source.splitlines(keepends=True)
    names = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for node in tree.body:
        line = None
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            used = ", ".join(each.name for each in node.names if each.name in names)
            line = f"from {node.module} import {used}\n" if used else ""
        elif _names_of_type(node) and names.isdisjoint(_names_of_type(node)):
            line = ""
        if line is not None:
            first, last = node.lineno - 1, node.end_lineno or 0
            lines[first:last] = [line, *[""] * (last - first - 1)]
    text = "".join(lines)
    return text if text == source else _without_unused_types(text)


def _names_of_type(node: ast.stmt) -> list[str]:
    """The names that a statement gives to a type, as `Key = tuple[str, str]`."""
    if not (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Subscript)
        and isinstance(node.value.value, ast.Name)
    ):
        return []
    return [each.id for each in node.targets if isinstance(each, ast.Name)]


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
