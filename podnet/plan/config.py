"""Read a stack's raw configuration into checked settings."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from podnet.plan import parsing, validation
from podnet.plan.problem import BadValueError, Problem
from podnet.plan.settings import PARSER, Settings

NAMESPACE = "podnet"
DEFAULT_TAGS = "aws:defaultTags"
TAG_VARIABLE = "TF_AWS_DEFAULT_TAGS_"
"""How the environment variables begin that hold further default tags, one each; the configuration
wins (hashicorp/terraform-provider-aws, internal/provider/sdkv2/provider.go, expandDefaultTags)."""


class SettingsError(ValueError):
    """Every problem of a stack's settings, one line each."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            f"{count} in the settings of this stack:\n"
            + "\n".join(f"  - {problem.text}" for problem in problems)
        )


def load(raw: Mapping[str, str], environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from raw configuration values, keyed `podnet:vpcCidr` and so on.

    `environment` is what the provider gets as well. Keys of other namespaces are left alone. Raises
    `SettingsError` with every problem.
    """
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    unread: set[str] = set()
    for key, text in raw.items():
        namespace, _, name = key.partition(":")
        if namespace != NAMESPACE:
            continue
        if name not in PARSERS:
            problems.append(_unknown(key))
            continue
        attribute, parser = PARSERS[name]
        try:
            values[attribute] = parser(text)
        except BadValueError as error:
            problems.append(Problem(error.rule, f"{key} {error}", (name,)))
            unread.add(name)
    # The rules between settings are checked on what could be read, so that one bad value does not
    # hide the others; those about an unread setting are not, since its value is a default that
    # nobody wrote.
    settings = Settings(**values)
    problems += _default_tag_problems(raw, environment or {}, settings)
    problems += [
        problem._replace(text=f"{NAMESPACE}:{problem.text}")
        for problem in validation.problems(settings)
        if not unread & {*problem.about}
    ]
    if problems:
        raise SettingsError(problems)
    return settings


def _default_tag_problems(
    raw: Mapping[str, str], environment: Mapping[str, str], settings: Settings
) -> Iterator[Problem]:
    """The rules that the provider's default tags break on nodes, whose launch EC2 would refuse."""
    tags = {}
    for name, value in environment.items():
        if name.startswith(TAG_VARIABLE):
            key = name.removeprefix(TAG_VARIABLE)
            tags[key] = value
            try:
                parsing.check_tag(key, value)
            except BadValueError as error:
                yield Problem(error.rule, f"{name} {error}")
    try:
        tags |= parsing.default_tags(raw.get(DEFAULT_TAGS, ""))
    except BadValueError as error:
        yield Problem(error.rule, f"{DEFAULT_TAGS} {error}")
        return
    if tags and (count := len({**tags, **settings.tags})) > parsing.MOST_TAGS:
        yield Problem(
            rule="tags-too-many-with-defaults",
            text=f"{DEFAULT_TAGS}, {TAG_VARIABLE}* and {NAMESPACE}:tags have {count} tags "
            "together; AWS takes 50 a resource and podnet sets six; leave some out",
        )


def _unknown(key: str) -> Problem:
    name = key.partition(":")[2]
    close = difflib.get_close_matches(name, PARSERS, n=1)
    hint = f"did you mean {NAMESPACE}:{close[0]}?" if close else f"known: {', '.join(PARSERS)}"
    return Problem(rule="setting-unknown", text=f"{key} is not a setting of podnet; {hint}")


def _camel(attribute: str) -> str:
    head, *rest = attribute.split("_")
    return head + "".join(word.capitalize() for word in rest)


PARSERS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    _camel(item.name): (item.name, item.metadata[PARSER]) for item in fields(Settings)
}
"""Attribute and parser of each setting, by its name in YAML."""
