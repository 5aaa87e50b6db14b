"""What `e2e.test` found, from the file that it writes, and as a row of docs/conformance.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

TEST = "[It] ["
"""How the name of a test begins; what prepares and ends a run has other names."""
TAGS = re.compile(r"\s*\[[^\]]*\]")
LONGEST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """One test that was to run."""

    name: str
    seconds: float
    failure: str = ""
    """The first line of why it failed; empty where it passed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of the tests in one cluster."""

    date: str
    command: str
    cluster: tuple[str, ...]
    """Its routing, its engine, and on what they run, each with its version."""
    specs: tuple[Spec, ...]

    @property
    def failed(self) -> tuple[Spec, ...]:
        """The tests that did not pass."""
        return tuple(spec for spec in self.specs if spec.failure)

    def markdown(self) -> str:
        """The row of the page, and a table of the tests that did not pass."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        passed = len(self.specs) - len(self.failed)
        seconds = sum(spec.seconds for spec in self.specs)
        result = f"{passed} of {len(self.specs)} passed, {seconds:.0f} s"
        yield f"| {' | '.join((self.date, *self.cluster, f'`{self.command}`', result))} |"
        if not self.failed:
            return
        yield ""
        yield "| does not pass | seen |"
        yield "| --- | --- |"
        for spec in self.failed:
            yield f"| {spec.name} | {spec.failure} |"


def read(folder: Path) -> tuple[Spec, ...]:
    """The tests of a report of Ginkgo's in JUnit's form, without those that were left out."""
    return tuple(
        _spec(case)
        for file in sorted(folder.glob("junit_*.xml"))
        # Written by the program that this process has just run.
        for case in ET.parse(file).iter("testcase")  # noqa: S314
        if case.get("name", "").startswith(TEST) and case.find("skipped") is None
    )


def _spec(case: ET.Element) -> Spec:
    said = [each for each in (case.find("failure"), case.find("error")) if each is not None]
    reason = ((said[0].get("message") or said[0].text or "").strip() or "no reason") if said else ""
    return Spec(
        name=" ".join(TAGS.sub("", case.get("name", "")).split()),
        seconds=float(case.get("time") or 0),
        failure=reason.partition("\n")[0][:LONGEST].replace("|", "/"),
    )
