"""Names of resources as Pulumi forms them, and those they may have had before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pulumi.runtime.proto import alias_pb2

from podnet.lab.providers.urns import name_of

STACK = "pulumi:pulumi:Stack"


def urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource; its type is led by the types of its parents, less the stack's."""
    chain = parent.split("::", 3)[2] if parent else ""
    qualified = f"{chain}${type_}" if chain and chain != STACK else type_
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def aliases_of(
    own: str,
    parent: str,
    aliases: Iterable[alias_pb2.Alias],
    parents_aliases: Mapping[str, list[str]],
) -> list[str]:
    """URNs the resource `own` may be known by: by its own aliases and by those of its parent."""
    names = [own]
    specs: list[alias_pb2.Alias.Spec | None] = [None]
    for alias in aliases:
        if alias.WhichOneof("alias") == "urn":
            names.append(alias.urn)
        else:
            specs.append(alias.spec)
    for spec in specs:
        names += _by_spec(own, parent, spec or alias_pb2.Alias.Spec(), parents_aliases)
    return [name for name in dict.fromkeys(names) if name != own]


def _by_spec(
    own: str, parent: str, spec: alias_pb2.Alias.Spec, parents_aliases: Mapping[str, list[str]]
) -> list[str]:
    head, project, qualified, name = own.split("::", 3)
    stack = spec.stack or head.removeprefix("urn:pulumi:")
    project, type_ = spec.project or project, spec.type or qualified.rpartition("$")[2]
    if spec.noParent:
        return [urn(stack, project, "", type_, spec.name or name)]
    if spec.parentUrn:
        parent = spec.parentUrn
    found = [urn(stack, project, parent, type_, spec.name or name)]
    for other in parents_aliases.get(parent, ()):
        # A child named after its parent was renamed with it.
        inherited = spec.name or name
        if inherited.startswith(name_of(parent)):
            inherited = name_of(other) + inherited.removeprefix(name_of(parent))
        found.append(urn(stack, project, other, type_, inherited))
    return found
