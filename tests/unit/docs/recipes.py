"""The recipes of docs/ci.md: their blocks, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import yaml

from podnet.lab.home import PROJECT

PAGE = (PROJECT / "docs" / "ci.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def scripts() -> Iterator[str]:
    """Every shell script of the page."""
    yield from blocks("sh")
    github, gitlab = map(yaml.safe_load, blocks("yaml"))
    for job in github["jobs"].values():
        yield from (step["run"] for step in job["steps"] if "run" in step)
    for job in [gitlab["default"], *gitlab.values()]:
        if isinstance(job, dict):
            yield from job.get("before_script", ())
            yield from job.get("script", ())


def calls(program: str) -> list[list[str]]:
    """The arguments of the calls of a program, up to where its output goes; equal ones once."""
    found: list[list[str]] = []
    for line in (line for script in scripts() for line in script.splitlines()):
        words = shlex.split(line.partition(" > ")[0])
        if words and words[0].rpartition("/")[2] == program and words[1:] not in found:
            found.append(words[1:])
    return found


def options(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("-")}
