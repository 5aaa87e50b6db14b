"""Puts the difference between two sets of inputs into words."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from lab.engine.values import Diff, Values
from lab.engine.wire import contains_unknown

LONGEST = 60
_ABSENT = object()


def describe(old: Values, new: Values, diff: Diff, secret: Collection[str] = ()) -> str:
    """The properties of `diff`, old to new; secret values are not shown."""
    texts = []
    for name in diff.changed:
        suffix = " (replaces)" if name in diff.replaces else ""
        if name in secret:
            texts.append(f"{name}: [secret]{suffix}")
            continue
        pairs = list(_leaves(name, old.get(name, _ABSENT), new.get(name, _ABSENT)))
        texts += [f"{path}: {_text(one)} → {_text(two)}{suffix}" for path, one, two in pairs] \
            or [f"{name}{suffix}"]
    return "; ".join(texts)


def changed(old: Values, new: Values) -> tuple[str, ...]:
    """Names of the properties that differ."""
    return tuple(name for name in dict.fromkeys([*old, *new])
                 if old.get(name, _ABSENT) != new.get(name, _ABSENT))


def _leaves(path: str, old: object, new: object) -> Iterator[tuple[str, object, object]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in changed(old, new):
            part = f'["{name}"]' if set(name) & set('.:"[]/') else f".{name}"
            yield from _leaves(path + part, old.get(name, _ABSENT), new.get(name, _ABSENT))
    elif old != new:
        yield path, old, new


def _text(value: object) -> str:
    if value is _ABSENT:
        return "(none)"
    if contains_unknown(value):
        return "(known after up)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


