"""What a state file must hold, field by field; pydantic checks it, and says what is wrong where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from podnet.lab.engines.embedded.state.resources import Resource

MOST_PROBLEMS = 3
"""How many problems of a file are listed."""
LONGEST_VALUE = 40

Urn = Annotated[str, Field(pattern=r"^urn:pulumi:[^:]+::[^:]+::.+::(?s:.+)$")]
Values = dict[str, Any]


class MalformedError(ValueError):
    """The content of a file is not a state; the message names each field and what it must be."""


class _Strict(BaseModel):
    # A number is no text, and a field that nobody knows may be a known one with a slip in it.
    model_config = ConfigDict(strict=True, extra="forbid")


class Recorded(_Strict):
    """A resource as the file holds it, which leaves out empty text and empty lists."""

    urn: Urn
    type: Annotated[str, Field(min_length=1)]
    custom: bool
    id: str = ""
    token: str = ""
    inputs: Values
    outputs: Values
    secret: list[str] = []
    parent: Urn | None = None
    provider: Urn | None = None
    provider_id: str = ""
    dependencies: list[Urn] = []
    property_dependencies: dict[str, list[Urn]]
    protect: bool
    retain: bool = False
    deleted_with: Urn | None = None
    error_hooks: list[str] = []

    def to_resource(self) -> Resource:
        """The same as a resource of the engine."""
        return Resource(**self.model_dump(exclude_unset=True))


class Document(_Strict):
    """A whole state file."""

    version: int
    project: str
    stack: str
    outputs: Values
    secretOutputs: list[str]  # noqa: N815  # as the file names it
    doubtful: list[Urn]
    resources: list[Recorded]
    replaced: list[Recorded]
    pending: list[Recorded]


def parse(text: str) -> Document:
    """The document in this text; raises `MalformedError` with the first of its problems."""
    try:
        document = Document.model_validate_json(text)
    except ValidationError as error:
        raise _malformed([_problem(each) for each in error.errors()]) from error
    if problems := list(_contradictions(document)):
        raise _malformed(problems)
    return document


def _contradictions(document: Document) -> Iterator[str]:
    """What no type rules out: one field against another."""
    times = Counter(item.urn for item in document.resources)
    for urn, count in times.items():
        if count > 1:
            yield f"resources: a URN may stand once, and {urn} stands {count} times"
    for index, urn in enumerate(document.doubtful):
        if urn not in times:
            yield f"doubtful[{index}]: must be the URN of one of resources, got {_shown(urn)}"
    for name in ("resources", "replaced"):
        for index, item in enumerate(getattr(document, name)):
            if item.custom and not item.id:
                yield f"{name}[{index}].id: a custom resource has one, and {item.urn} has none"
    for index, item in enumerate(document.pending):
        if not item.token:
            yield f"pending[{index}].token: a creation has one, and that of {item.urn} has none"


def _problem(error: Any) -> str:  # noqa: ANN401  # pydantic's own ErrorDetails, a TypedDict
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"])
    rule = error["msg"][:1].lower() + error["msg"][1:]
    if error["type"] == "missing":
        return f"{place.lstrip('.')}: field required"
    got = f", got {_shown(error['input'])}"
    return f"{place.lstrip('.') or 'file'}: {rule}{got}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _malformed(problems: Sequence[str]) -> MalformedError:
    more = len(problems) - MOST_PROBLEMS
    listed = "; ".join(problems[:MOST_PROBLEMS])
    return MalformedError(f"{listed}; and {more} more" if more > 0 else listed)
