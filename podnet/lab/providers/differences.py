"""Describes the difference between two sets of inputs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from podnet.lab.providers.protocol import Diff, Values
from podnet.lab.providers.wire import contains_unknown

LONGEST = 60
ABSENT = object()
"""In the place of a property that is not there."""


def describe(old: Values, new: Values, diff: Diff, secret: Collection[str] = ()) -> str:
    """The properties of `diff`, old to new; secret values are not shown."""
    texts = []
    for name in diff.changed:
        suffix = " (replaces)" if name in diff.replaces else ""
        if name in secret:
            texts.append(f"{name}: [secret]{suffix}")
            continue
        pairs = list(leaves(name, old.get(name, ABSENT), new.get(name, ABSENT)))
        texts += [f"{path}: {_text(one)} → {_text(two)}{suffix}" for path, one, two in pairs] or [
            f"{name}{suffix}"
        ]
    return "; ".join(texts)


def changed(old: Values, new: Values) -> tuple[str, ...]:
    """Names of the properties that differ."""
    return tuple(
        name
        for name in dict.fromkeys([*old, *new])
        if old.get(name, ABSENT) != new.get(name, ABSENT)
    )


def leaves(path: str, old: object, new: object) -> Iterator[tuple[str, object, object]]:
    """Where two values differ, however deep: path, old value, new value."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in changed(old, new):
            part = f'["{name}"]' if set(name) & set('.:"[]/') else f".{name}"
            yield from leaves(path + part, old.get(name, ABSENT), new.get(name, ABSENT))
    elif old != new:
        yield path, old, new


def _text(value: object) -> str:
    if value is ABSENT:
        return "(none)"
    if contains_unknown(value):
        return "(known after up)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"
