"""Property paths as `ignoreChanges` and `replaceOnChanges` write them: `tags["a.b"]`, `a[0].b`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from podnet.lab.providers.protocol import Value, Values

STAR = "*"
QUOTED = 'a["b"]'
_PART = re.compile(
    r"""\.?(?P<name>[^.\["\]]+) | \["(?P<quoted>(?:[^"\\]|\\.)*)"\]
                   | \[(?P<index>\d+)\] | \[(?P<star>\*)\]""",
    re.VERBOSE,
)
_ABSENT = object()
Part = str | int


def parse(path: str) -> list[Part]:
    """The parts of a path; raises `ValueError` when it is not one."""
    parts: list[Part] = []
    at = 0
    while at < len(path):
        match = _PART.match(path, at)
        if match is None:
            raise ValueError(f"{path!r} is no property path; write it as a.b, a[0] or {QUOTED}")
        if match["index"] is not None:
            parts.append(int(match["index"]))
        elif match["quoted"] is not None:
            parts.append(match["quoted"].replace('\\"', '"').replace("\\\\", "\\"))
        else:
            parts.append(match["name"] or STAR)
        at = match.end()
    return parts


def keep(new: Values, old: Values, ignored: Iterable[str]) -> Values:
    """The new inputs with what the ignored paths lead to as it is in the old ones."""
    for path in ignored:
        kept = _kept(new, old, parse(path))
        new = kept if isinstance(kept, dict) else new
    return new


def differs(new: Values, old: Values, path: str) -> bool:
    """Whether what this path leads to is different."""
    return bool(_kept(new, old, parse(path)) != new)


def _kept(new: Value, old: Value, parts: list[Part]) -> Value:
    if not parts:
        return old
    part, rest = parts[0], parts[1:]
    if isinstance(new, list) and isinstance(old, list):
        if part == STAR:
            return [_kept(one, other, rest) for one, other in zip(new, old, strict=False)] + new[
                len(old) :
            ]
        if isinstance(part, int) and part < min(len(new), len(old)):
            return [*new[:part], _kept(new[part], old[part], rest), *new[part + 1 :]]
        return new
    if old is _ABSENT:
        old = {}  # what is ignored in a map was not there if the map was not
    if not isinstance(new, dict) or not isinstance(old, dict):
        return new
    names = {*new, *old} if part == STAR else {part}
    result = dict(new)
    for name in names:
        kept = _kept(new.get(name, _ABSENT), old.get(name, _ABSENT), rest)
        if kept is _ABSENT:
            result.pop(str(name), None)
        else:
            result[str(name)] = kept
    return result
