"""Takes secrets out of text and of JSON, by what is known of them, their names and their looks."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterable
from urllib.parse import quote

from podnet.bundle.patterns import (
    ASSIGNED,
    BLOCKS,
    KEY_END,
    KEY_LAST,
    KEY_LINE,
    KEY_OF_40,
    LOOKS,
    NAMED,
    OPTION,
    PHRASE,
    PLAIN,
    PULUMI_SECRET,
    TAGGED,
    is_key,
)

SHORTEST_KNOWN = 6
"""A shorter value would be found in text that has nothing to do with it."""
PAIRS = (("Key", "Value"), ("Name", "Value"), ("key", "value"), ("name", "value"))
"""How lists of names with values are written, as tags are."""


class Redactor:
    """Replaces secrets; `known` are such that no pattern would find."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        forms = {form for each in known if len(each) >= SHORTEST_KNOWN for form in _forms(each)}
        # The longest first: one may be part of another.
        alternatives = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
        self._known = re.compile(alternatives) if forms else None
        self.removed: Counter[str] = Counter()
        """How many of each kind there were."""

    def text(self, text: str) -> str:
        """The text without secrets."""
        if self._known:
            text = self._known.sub(lambda _: self._mark("secret of the stack"), text)
        # A secret that has a look of its own is called by it, and not by a name before it.
        for kind, pattern in (*BLOCKS, *LOOKS):
            text, count = pattern.subn(_marked(kind), text)
            if count:
                self.removed[kind] += count
        text = self._without_ends(text)
        for pattern in (TAGGED, PHRASE):
            text = pattern.sub(self._bare, text)
        text = ASSIGNED.sub(self._assigned, text)
        text = OPTION.sub(self._bare, text)
        return KEY_OF_40.sub(
            lambda found: self._mark("AWS secret key") if is_key(found[0]) else found[0], text
        )

    def _without_ends(self, text: str) -> str:
        """The text without the rest of a key of which a cut has left the end alone."""
        kept, at = [], 0
        for end in KEY_END.finditer(text):
            *lines, start = text[at : end.start()].split("\n")
            # The last line of a key may be as short as a word.
            first = len(lines) - 1 if lines and KEY_LAST.search(lines[-1]) else len(lines)
            while first < len(lines) and first and KEY_LINE.search(lines[first - 1]):
                first -= 1
            kept.append("\n".join([*lines[:first], start + self._mark("private key")]))
            at = end.end()
        return "".join([*kept, text[at:]])

    def document(self, text: str) -> str:
        """The same for a whole file: of JSON by its members."""
        found = _json(text)
        return self.text(text) if found is None else json.dumps(self.value(found), indent=1) + "\n"

    def value(self, value: object) -> object:
        """A value of JSON without secrets, with the same keys."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        if not isinstance(value, dict):
            return value
        if PULUMI_SECRET in value:
            return self._mark("Pulumi secret")
        names = {of: str(value[name]) for name, of in PAIRS if name in value and of in value}
        return {
            self.text(str(key)): self._member(names.get(key, str(key)), each)
            for key, each in value.items()
        }

    def _member(self, name: str, value: object) -> object:
        if NAMED.search(name):
            return self._hidden(value)
        if isinstance(value, str) and (inner := _json(value)) is not None:
            return json.dumps(self.value(inner))
        return self.value(value)

    def _hidden(self, value: object) -> object:
        """What stands under the name of a secret, without any text."""
        if isinstance(value, str):
            return self._mark("named value") if _gives_away(value) else value
        if isinstance(value, list):
            return [self._hidden(each) for each in value]
        if isinstance(value, dict):
            return {self.text(str(key)): self._hidden(each) for key, each in value.items()}
        return value

    def _assigned(self, found: re.Match[str]) -> str:
        if found["quoted"] is None:
            return self._bare(found)
        if not _gives_away(found["quoted"]):
            return found[0]
        return found["before"] + found["quote"] + self._mark("named value") + found["quote"]

    def _bare(self, found: re.Match[str]) -> str:
        if not _gives_away(found["bare"]):
            return found[0]
        return found["before"] + self._mark("named value")

    def _mark(self, kind: str) -> str:
        self.removed[kind] += 1
        return _marked(kind)


def _marked(kind: str) -> str:
    return f"[removed: {kind}]"


def _gives_away(value: str) -> bool:
    return bool(value) and not PLAIN.fullmatch(value) and not value.startswith("[removed: ")


def _json(text: str) -> object:
    """The object or list in a text; None for other texts."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def _forms(secret: str) -> Iterable[str]:
    """How a secret may be written."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
