"""One probe by agents in many places, from what they listen at to the verdict."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

from podnet.probe import reasons, wire
from podnet.probe.endpoint import Endpoint
from podnet.probe.matrix import Check, Matrix, Result
from podnet.probe.questions import Question
from podnet.probe.wire import Listening, Plan


@dataclass(frozen=True, slots=True)
class Silence:
    """The reason for which a place gave no answer."""

    reason: str


class Agents(Protocol):
    """A way to the agents of one probe."""

    def ask(self, places: Collection[str], message: object) -> Mapping[str, Any]:
        """The answer of each place to the same message, or a `Silence`."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """The endpoints of one probe, and the places whose agents stand for them."""

    endpoints: Mapping[str, Endpoint]
    """By label; their MTU comes from the agents."""
    places: Mapping[str, str]
    """The place of each label, those of containers (`LABEL/NAME`) among them."""
    missing: Mapping[str, str]
    """Endpoints that must exist and do not, by label, with the reason."""


LOOKED_UP = 2000
"""Packets that are looked up where they should have arrived: enough for a hundred failed pairs, and
short enough for a remote command."""


def probe_site(site: Site, agents: Agents, timeout: float = 1.0) -> Matrix:
    """Packets between all pairs; a place that does not answer is a failed row, with the reason."""
    begun = time.monotonic()
    every = dict.fromkeys(site.places.values())
    described = agents.ask(every, {"do": wire.DESCRIBE})
    plan, lost = _plan(site, described, timeout)
    places = {
        place: frozenset(label for label in site.places if site.places[label] == place)
        for place in every
        if not isinstance(described[place], Silence)
    }
    answers = agents.ask(places, {"do": wire.ASK, "plan": plan.to_json()})
    found: list[_Found] = []
    for place, labels in places.items():
        found += _results(plan.questions_of(labels), answers[place])
    arrived = _arrived(agents, places, found)
    results = tuple(each.verdict(arrived, timeout) for each in found)
    matrix = Matrix(tuple(plan.endpoints), results, time.monotonic() - begun)
    return matrix.with_missing({**site.missing, **lost})


def _plan(site: Site, described: Mapping[str, Any], timeout: float) -> tuple[Plan, dict[str, str]]:
    """The plan for what has an agent, and the endpoints that have none, with the reason."""
    listening: dict[str, Listening] = {}
    for answer in described.values():
        if not isinstance(answer, Silence):
            listening |= {each.label: each for each in map(Listening.from_json, answer)}
    lost = {}
    for label, place in site.places.items():
        answer = described[place]
        if isinstance(answer, Silence) and label in site.endpoints:
            lost[label] = answer.reason
        elif label not in listening:
            whose = label.partition("/")[0]
            reason = answer.reason if isinstance(answer, Silence) else f"{label} has no receiver"
            listening[label] = Listening(
                label=label, address=site.endpoints[whose].address, broken=reason
            )
    endpoints = {
        label: replace(each, mtu=listening[label].mtu)
        for label, each in site.endpoints.items()
        if label not in lost
    }
    return Plan(endpoints=endpoints, listening=listening, timeout=timeout), lost


@dataclass(frozen=True, slots=True)
class _Found:
    result: Result
    sent: tuple[str, ...] = ()
    """The packets of a check that had no answer."""

    def verdict(self, arrived: Collection[str], timeout: float) -> Result:
        """The result, which says so where only the way back does not work."""
        if any(each in arrived for each in self.sent):
            return replace(self.result, reason=reasons.answer_lost(timeout))
        return self.result


def _results(asked: Sequence[Question], answer: Any) -> Iterator[_Found]:  # noqa: ANN401
    """The results of one place; every one fails where the answer lacks any."""
    checks = [(question, check) for question in asked for check in question.checks]
    if isinstance(answer, dict) and len(answer.get("results", ())) == len(checks):
        for place, (question, check) in enumerate(checks):
            why = answer["reasons"][answer["results"][place]]
            sent = answer["sent"].get(str(place), ())
            yield _Found(_result(question, check, why), tuple(sent) if why else ())
        return
    is_silent = isinstance(answer, Silence)
    why = answer.reason if is_silent else "its agent's answer lacks results"
    for question, check in checks:
        yield _Found(_result(question, check, why))


def _result(question: Question, check: Check, reason: str | None) -> Result:
    return Result(question.source.label, question.to, check, reason)


def _arrived(agents: Agents, places: Collection[str], found: Sequence[_Found]) -> set[str]:
    ids = list(islice((each for one in found for each in one.sent), LOOKED_UP))
    if not ids:
        return set()
    answers = agents.ask(places, {"do": wire.ARRIVED, "ids": ids})
    return {
        each for answer in answers.values() if not isinstance(answer, Silence) for each in answer
    }
