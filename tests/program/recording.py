"""The SDK's mocks, which forget most of what a program registers and says; these keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockEngine, MockMonitor, Mocks
from pulumi.runtime.proto import engine_pb2


@dataclass(frozen=True)
class Registered:
    """One resource as the program registered it."""

    urn: str
    type: str
    name: str
    custom: bool
    provider: str
    inputs: dict[str, Any]
    secrets: frozenset[str]
    """The inputs that are handed over as secrets."""
    depends_on: frozenset[str]
    sources: dict[str, tuple[str, ...]]
    """The URNs of the resources that each input is taken from."""
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    delete_before_replace: bool
    protect: bool
    deleted_with: str
    error_hooks: tuple[str, ...]
    creation_hooks: tuple[str, ...]


def opened(sent: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Properties as they were sent, out of their envelopes; and the names of those that had one."""
    found = rpc.deserialize_properties(sent)
    sealed = frozenset(name for name, value in found.items() if rpc.is_rpc_secret(value))
    return {name: rpc.unwrap_rpc_secret(value) for name, value in found.items()}, sealed


class RecordingMonitor(MockMonitor):
    """The SDK's mock monitor, which forgets options and exports; this one keeps both."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.registered: list[Registered] = []
        self.exports: dict[str, Any] = {}
        self.secret_exports: frozenset[str] = frozenset()

    def RegisterResource(self, request):  # noqa: N802  # the name is the SDK's
        response = super().RegisterResource(request)
        inputs, secrets = opened(request.object)
        self.registered.append(
            Registered(
                urn=response.urn,
                type=request.type,
                name=request.name,
                custom=request.custom,
                provider=request.provider,
                inputs=inputs,
                secrets=secrets,
                depends_on=frozenset(request.dependencies),
                sources={
                    name: tuple(sorted(item.urns))
                    for name, item in request.propertyDependencies.items()
                    if item.urns
                },
                ignore_changes=tuple(request.ignoreChanges),
                replace_on_changes=tuple(request.replaceOnChanges),
                delete_before_replace=request.deleteBeforeReplace,
                protect=request.protect,
                deleted_with=request.deletedWith,
                error_hooks=tuple(request.hooks.on_error),
                creation_hooks=tuple(request.hooks.before_create),
            )
        )
        return response

    def RegisterResourceOutputs(self, request):  # noqa: N802
        # The URN of what is in the stack bears the stack's type too.
        if request.urn.split("::")[2] == "pulumi:pulumi:Stack":
            self.exports, self.secret_exports = opened(request.outputs)
        return super().RegisterResourceOutputs(request)


class RecordingLog(MockEngine):
    """Keeps what a program says, by how loud it says it."""

    def __init__(self) -> None:
        super().__init__(None)
        self.said: list[tuple[str, str]] = []

    def Log(self, request):  # noqa: N802
        severity = engine_pb2.LogSeverity.Name(request.severity).lower()
        self.said.append((severity, request.message))


def logged(loud, *parts):
    """Something that was said, in as many pieces as it takes lines here."""
    return loud, "".join(parts)
