"""Reads Pulumi.yaml and the configuration of a stack as the Pulumi CLI does."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from podnet.lab.engines.errors import ProjectError

DEEPEST = 20
"""How far lists and mappings of a configuration value may be inside each other."""
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
"""Characters that neither an environment nor UTF-8 can hold."""
_TYPES = ("string", "integer", "boolean", "array", "object")


class _Loader(yaml.SafeLoader):
    """YAML 1.2, as the CLI reads it: `yes` and `1:30` are strings, not a boolean and 90."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


@dataclass(frozen=True, slots=True)
class Project:
    """A Pulumi project: a directory with a Pulumi.yaml."""

    directory: Path
    name: str
    program: Path
    """Directory of the program."""
    stack_configs: Path
    declared: Mapping[str, Any] = field(default_factory=dict)
    """The `config` of Pulumi.yaml, keys with their namespace."""

    @classmethod
    def load(cls, directory: Path) -> Project:
        """Read Pulumi.yaml; raises `ProjectError`."""
        file = directory / "Pulumi.yaml"
        content = read_mapping(file)
        runtime = content.get("runtime")
        runtime = runtime.get("name") if isinstance(runtime, dict) else runtime
        if runtime != "python":
            raise ProjectError(
                f"{file}: runtime is {runtime!r}; the embedded engine runs python",
                rule="project-runtime-unsupported",
            )
        name = content.get("name")
        if not isinstance(name, str):
            raise ProjectError(
                f"{file}: name is {name!r}; a project needs a name", rule="project-name-missing"
            )
        places = {key: content.get(key, ".") for key in ("main", "stackConfigDir")}
        declared = content.get("config") or {}
        if not isinstance(declared, dict) or not all(
            isinstance(each, str) for each in (*declared, *places.values())
        ):
            raise ProjectError(
                f"{file}: main and stackConfigDir must be text, config a mapping by text",
                rule="project-file-malformed",
            )
        return cls(
            directory,
            name,
            directory / places["main"],
            directory / places["stackConfigDir"],
            {_key(key, name): value for key, value in declared.items()},
        )

    def config(self, stack: str, overrides: Mapping[str, str]) -> dict[str, str]:
        """All configuration of a stack, as the text that programs get; raises `ProjectError`.

        Later wins: what Pulumi.yaml declares, Pulumi.<stack>.yaml, the overrides.
        """
        values = self._of_stack(stack)
        values |= {_key(key, self.name): value for key, value in overrides.items()}
        problems = []
        for key, declaration in self.declared.items():
            if not isinstance(declaration, dict):
                values.setdefault(key, declaration)
                continue
            default = declaration.get("default", declaration.get("value"))
            typed = declaration.get("type")
            if key not in values and default is None:
                if typed is not None:
                    problems.append(
                        f"stack {stack} is missing configuration value {key}; set it "
                        f"in {self.stack_file(stack)} or give it a default"
                    )
                continue
            value = values.setdefault(key, default)
            if typed is not None and (problem := _misfit(value, declaration)):
                problems.append(f"configuration value {key} must be {problem}, got {_text(value)}")
        if problems:
            raise ProjectError("\n".join(problems), rule="stack-configuration-invalid")
        return {key: _text(value) for key, value in values.items()}

    def stack_file(self, stack: str) -> Path:
        """Where the configuration of a stack is kept."""
        return self.stack_configs / f"Pulumi.{stack}.yaml"

    def _of_stack(self, stack: str) -> dict[str, Any]:
        file = self.stack_file(stack)
        if not file.exists():
            return {}
        values = read_mapping(file).get("config") or {}
        if not isinstance(values, dict):
            raise ProjectError(
                f"{file}: config must be a mapping of keys to values",
                rule="stack-configuration-not-a-mapping",
            )
        for key, value in values.items():
            if not isinstance(key, str) or ":" not in key:
                raise ProjectError(
                    f"{file}: configuration key {key!r} has no namespace; write it "
                    f"as {self.name}:{key}",
                    rule="configuration-key-without-namespace",
                )
            if isinstance(value, dict) and value.keys() == {"secure"}:
                raise ProjectError(
                    f"{file}: {key} is encrypted by the Pulumi CLI, and the "
                    f"embedded engine has no key for it; use the CLI's engine",
                    rule="configuration-encrypted",
                )
            if not _is_plain(value):
                raise ProjectError(
                    f"{file}: {key} holds what is neither text, a number, true, false, a list nor "
                    f"a mapping by text; write it as one of these",
                    rule="configuration-value-unusable",
                )
        return dict(values)


def _is_plain(value: object, depth: int = 0) -> bool:
    """Whether JSON can hold a value: YAML also has sets, bytes, infinities and loops."""
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and _is_plain([*value.values()], depth)
    if isinstance(value, list):
        return depth < DEEPEST and all(_is_plain(item, depth + 1) for item in value)
    if isinstance(value, str):
        return not _UNUSABLE.search(value)
    return (
        value is None
        or isinstance(value, bool | int)
        or (isinstance(value, float) and math.isfinite(value))
    )


def read_mapping(file: Path) -> dict[str, Any]:
    """A YAML file of a project or a stack, parsed as the CLI parses it; raises `ProjectError`."""
    try:
        content = yaml.load(file.read_text(), _Loader)  # noqa: S506  # a SafeLoader
    except FileNotFoundError:
        raise ProjectError(f"{file} is not there", rule="project-file-missing") from None
    except OSError as error:
        raise ProjectError(
            f"{file} cannot be read ({error.strerror}); it must be a file of YAML",
            rule="project-file-unreadable",
        ) from error
    # A number that is none (08), text that is no UTF-8, nesting without end.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ProjectError(f"{file} is not YAML: {error}", rule="project-file-not-yaml") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ProjectError(
            f"{file} must be a mapping, got {type(content).__name__}",
            rule="project-file-not-a-mapping",
        )
    return content


def _key(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _text(value: object) -> str:
    """A value as programs get it: objects and lists as compact JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _misfit(value: object, declaration: Mapping[str, Any]) -> str | None:
    """The declared type that a value does not fit, in words; None where it fits."""
    kind = declaration.get("type")
    if kind not in _TYPES:
        raise ProjectError(
            f"Pulumi.yaml declares the unknown type {kind!r}; known: {', '.join(_TYPES)}",
            rule="configuration-type-unknown",
        )
    if kind in ("array", "object") and isinstance(value, str):
        try:
            value = json.loads(value)  # as an override gives it
        except json.JSONDecodeError:
            return f"of type {kind}"
    fits = {
        "string": not isinstance(value, list | dict),
        "integer": _is_integer(value),
        "boolean": isinstance(value, bool) or value in ("true", "false"),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
    }[kind]
    if not fits:
        return f"of type {kind}"
    items = declaration.get("items")
    if (
        isinstance(value, list)
        and isinstance(items, dict)
        and any(_misfit(item, items) for item in value)
    ):
        return f"an array of {items.get('type')}"
    return None


def _is_integer(value: object) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[-+]?[0-9]+", value) is not None
    return isinstance(value, int) and not isinstance(value, bool)
