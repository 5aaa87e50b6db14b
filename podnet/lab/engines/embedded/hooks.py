"""Hooks: functions of a program that the engine calls around an operation on a resource.

As the CLI's engine runs them (pulumi/pulumi, pkg/resource/deploy/retries.go and step.go). Of error
hooks, which say whether a failed operation is tried again, all of a resource are asked after each
failure, one that says so is enough, and the state keeps their names for a deletion. A hook that is
named there and not registered, since no program runs in a `destroy`, is itself the error. A hook
before a creation prevents it by an error. The other kinds of hooks are not served.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from google.protobuf.message import Message
from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.proto import callback_pb2, resource_pb2

from podnet.lab.engines.embedded.state import Resource
from podnet.lab.providers import wire
from podnet.lab.providers.protocol import Provider, ProviderError
from podnet.lab.providers.urns import name_of

T = TypeVar("T")
Hook = Callable[[Any], Any]
"""From the request of its kind to the response."""
MOST_TRIES = 100
LOG = logging.getLogger("podnet.program")


class Hooks:
    """The hooks that a program has registered, by name."""

    def __init__(self) -> None:
        self._hooks: dict[str, Hook] = {}
        self._in_previews: set[str] = set()

    def register(
        self, name: str, callback: callback_pb2.Callback, *, on_dry_run: bool = False
    ) -> None:
        """Remember a hook; refuses a second one of its name."""
        if name in self._hooks:
            raise ProviderError(
                f"the hook {name} is registered already; give each its own name",
                rule="hook-registered-twice",
            )
        self._hooks[name] = _function(callback)
        if on_dry_run:
            self._in_previews.add(name)

    def before_creation(self, resource: Resource, names: Sequence[str], *, dry: bool) -> None:
        """Call these hooks, which raise to prevent that the resource is created."""
        for name in names:
            if dry and name not in self._in_previews:
                continue
            request = resource_pb2.ResourceHookRequest(
                urn=resource.urn, name=name_of(resource.urn), type=resource.type
            )
            request.new_inputs.CopyFrom(wire.encode(resource.inputs, resource.secret))
            if error := self._hooks[name](request).error:
                raise ProviderError(
                    f'before hook "{name}" failed: {error}', rule="before-hook-failed"
                )

    def around(self, provider: Provider, resource: Resource) -> Provider:
        """The provider, which asks the hooks of this resource where an operation on it fails."""
        if not resource.error_hooks:
            return provider
        return cast("Provider", _Hooked(provider, resource, self))

    def retrying(
        self, request: resource_pb2.ErrorHookRequest, names: list[str], call: Callable[[], T]
    ) -> T:
        """Call until it succeeds or no hook wants another try; raises the last error."""
        for tries in range(1, MOST_TRIES + 1):
            try:
                return call()
            except ProviderError as error:
                request.errors.insert(0, str(error))
                answers = [self._asks_for_retry(name, request) for name in names]
                if not any(answers):
                    raise
            LOG.warning(
                "%s: retrying %s due to on-error hook request (%d/%d)",
                request.name,
                request.failed_operation,
                tries,
                MOST_TRIES,
            )
        raise ProviderError(
            f"{request.failed_operation} failed {MOST_TRIES} times: {request.errors[0]}",
            rule="error-hook-tries-over",
        )

    def _asks_for_retry(self, name: str, request: resource_pb2.ErrorHookRequest) -> bool:
        if name not in self._hooks:
            raise ProviderError(
                f"the error hook {name} is not registered, and hides what failed; deploy once, "
                "which registers it, then try again",
                rule="error-hook-not-registered",
            )
        answer = self._hooks[name](request)
        if answer.error:
            raise ProviderError(
                f"the error hook {name} failed: {answer.error}", rule="error-hook-failed"
            )
        return bool(answer.retry)


PROPERTIES = {
    "create": {"new_inputs": 1},
    "update": {"old_inputs": 2, "old_outputs": 3, "new_inputs": 4},
    "delete": {"old_outputs": 2},
}
"""The properties that a hook receives: their places in the arguments of the provider's method."""


class _Hooked:
    """A provider whose operations on one resource may be tried again."""

    def __init__(self, provider: Provider, resource: Resource, hooks: Hooks) -> None:
        self._provider, self._resource, self._hooks = provider, resource, hooks

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # as the provider has it
        method = getattr(self._provider, name)
        if name not in PROPERTIES:
            return method

        def tried(*args: Any) -> Any:  # noqa: ANN401  # as the method
            request = self._request(name, args)
            return self._hooks.retrying(request, self._resource.error_hooks, lambda: method(*args))

        return tried

    def _request(self, operation: str, args: tuple[Any, ...]) -> resource_pb2.ErrorHookRequest:
        item = self._resource
        properties = {name: args[place] for name, place in PROPERTIES[operation].items()}
        if operation == "delete":
            properties["old_inputs"] = item.inputs
        request = resource_pb2.ErrorHookRequest(
            urn=item.urn,
            id=item.id,
            name=name_of(item.urn),
            type=item.type,
            failed_operation=operation,
        )
        for name, each in properties.items():
            getattr(request, name).CopyFrom(wire.encode(each, item.secret))
        return request


def _function(callback: callback_pb2.Callback) -> Hook:
    """The function of the program behind a callback.

    The program's own loop waits for this engine, and has ended when the engine deletes. So its
    server cannot be asked: the function behind it is called in a loop of another thread, with the
    context of the program.
    """
    (servicer,) = (
        each
        for each in _CallbackServicer._servicers  # noqa: SLF001  # the SDK's own mocks do the same
        if each._target == callback.target  # noqa: SLF001
    )
    function = servicer._callbacks[callback.token]  # noqa: SLF001
    context = contextvars.copy_context()

    async def ask(request: Message) -> Message:
        return await function(request.SerializeToString())

    def call(request: Message) -> Message:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(context.copy().run, asyncio.run, ask(request)).result()

    return call
