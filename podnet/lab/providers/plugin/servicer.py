"""A provider of the lab behind the gRPC protocol by which the Pulumi CLI talks to its plugins."""
# ruff: noqa: N802  # methods are named by the protocol

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, NoReturn

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from podnet.lab.providers.differences import ABSENT, changed, leaves
from podnet.lab.providers.plugin.schema import ResourceSchema, schema
from podnet.lab.providers.protocol import Diff, Provider, ProviderError, Values
from podnet.lab.providers.urns import name_of, type_of
from podnet.lab.providers.wire import decode, encode

Context = Any
"""A gRPC context: the library has no types."""


class Servicer(ABC, provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine of the Pulumi CLI; a subclass says which provider does the work."""

    type_: ClassVar[str]
    """The type of an explicit provider of the package."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._provider: Provider | None = None

    @abstractmethod
    def checked(self, given: Values) -> Values:
        """The configuration, if the lab serves it."""

    @abstractmethod
    def connected(self, given: Values) -> Provider:
        """The provider with a configuration that was checked, in this lab and nowhere else."""

    def compared(self, old: Values, new: Values) -> Diff:
        """Compare configurations; what replaces a provider, replaces all that is under it."""
        return Diff(changed(old, new))

    def secret(self, token: str) -> frozenset[str]:
        """Properties of the explicit provider that are secret."""
        del token
        return frozenset()

    def unready(self, type_: str, outputs: Values) -> tuple[str, ...]:
        """The reasons that a resource which was read is not what it should be; most have none."""
        del type_, outputs
        return ()

    def resources(self) -> Mapping[str, ResourceSchema]:
        """The resource types of the lab that have a fixed list of inputs, by token."""
        return {}

    @property
    def provider(self) -> Provider:
        """The provider, once the engine has configured it."""
        if self._provider is None:
            raise ProviderError(
                "the provider was asked before it was configured", rule="plugin-not-configured"
            )
        return self._provider

    def GetPluginInfo(self, request: empty_pb2.Empty, context: Context) -> plugin_pb2.PluginInfo:
        """The version that the engine knows this plugin by."""
        del request, context
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, request: pb.GetSchemaRequest, context: Context) -> pb.GetSchemaResponse:
        """The types that the lab serves, for commands of the CLI that print programs."""
        del request, context
        package = self.type_.rpartition(":")[2]
        return pb.GetSchemaResponse(schema=schema(package, self._version, self.resources()))

    def CheckConfig(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        """The configuration, if the lab serves it."""
        with reported(context):
            given = values(request.news)
            self.checked(given)
            return pb.CheckResponse(inputs=encode(given, self.secret(self.type_)))

    def DiffConfig(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        """Whether another configuration is that of another place."""
        with reported(context):
            old = request.old_inputs if request.HasField("old_inputs") else request.olds
            diff = self.compared(values(old), values(request.news))
        return pb.DiffResponse(
            changes=_kind(changed=bool(diff.changed)),
            diffs=list(diff.changed),
            replaces=list(diff.replaces),
        )

    def Configure(self, request: pb.ConfigureRequest, context: Context) -> pb.ConfigureResponse:
        """Connect to the lab, and to nothing but the lab."""
        with reported(context):
            self._provider = self.connected(self.checked(values(request.args)))
        return pb.ConfigureResponse(
            acceptSecrets=False, acceptResources=False, acceptOutputs=False, supportsPreview=True
        )

    def Check(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        """The inputs with defaults, or what is wrong with them."""
        with reported(context):
            try:
                checked = self.provider.check(type_of(request.urn), values(request.news))
            except ProviderError as error:
                return pb.CheckResponse(failures=[pb.CheckFailure(reason=str(error))])
            return pb.CheckResponse(inputs=self._encoded(request.urn, checked))

    def Diff(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        """Compare the program's inputs with the recorded ones."""
        with reported(context):
            old, new = values(request.old_inputs), values(request.news)
            diff = self.provider.diff(
                type_of(request.urn), request.id, old, values(request.olds), new
            )
        return pb.DiffResponse(
            changes=_kind(changed=bool(diff.changed)),
            diffs=list(diff.changed),
            replaces=list(diff.replaces),
            deleteBeforeReplace=diff.delete_before_replace,
            hasDetailedDiff=True,
            detailedDiff=dict(
                leaf for name in diff.changed for leaf in _property_diffs(name, diff, old, new)
            ),
        )

    def Create(self, request: pb.CreateRequest, context: Context) -> pb.CreateResponse:
        """Make a resource; what came to be of one that then failed is recorded."""
        type_, inputs = type_of(request.urn), values(request.properties)
        if request.preview:
            return pb.CreateResponse(properties=self._encoded(request.urn, inputs))
        token = secrets.token_hex(16)
        with reported(context):
            try:
                id_, outputs = self.provider.create(type_, inputs, token, name_of(request.urn))
            except ProviderError as error:
                self._record_half(request.urn, error, context)
                raise
            return pb.CreateResponse(id=id_, properties=self._encoded(request.urn, outputs))

    def Read(self, request: pb.ReadRequest, context: Context) -> pb.ReadResponse:
        """A resource as it is; an empty answer when it is gone."""
        with reported(context):
            type_, recorded = type_of(request.urn), values(request.inputs)
            found = self.provider.read(type_, request.id, recorded, values(request.properties))
            if found is None:
                return pb.ReadResponse()
            inputs, outputs = (self._encoded(request.urn, each) for each in found)
            # Nothing is recorded of what is imported: that is taken as it is.
            if recorded and (reasons := self.unready(type_, found[1])):
                _half_made(
                    context,
                    pb.ErrorResourceInitFailed(
                        id=request.id, properties=outputs, inputs=inputs, reasons=reasons
                    ),
                )
            return pb.ReadResponse(id=request.id, inputs=inputs, properties=outputs)

    def Update(self, request: pb.UpdateRequest, context: Context) -> pb.UpdateResponse:
        """Bring a resource to new inputs."""
        old, new = values(request.olds), values(request.news)
        if request.preview:
            return pb.UpdateResponse(properties=self._encoded(request.urn, {**old, **new}))
        with reported(context):
            try:
                outputs = self.provider.update(
                    type_of(request.urn), request.id, values(request.old_inputs), old, new
                )
            except ProviderError as error:
                self._record_half(request.urn, error, context)
                raise
            return pb.UpdateResponse(properties=self._encoded(request.urn, outputs))

    def Delete(self, request: pb.DeleteRequest, context: Context) -> empty_pb2.Empty:
        """Remove a resource."""
        with reported(context):
            self.provider.delete(type_of(request.urn), request.id, values(request.properties))
        return empty_pb2.Empty()

    def Invoke(self, request: pb.InvokeRequest, context: Context) -> pb.InvokeResponse:
        """Call a function."""
        with reported(context):
            answer = self.provider.invoke(request.tok, values(request.args))
        response = pb.InvokeResponse()
        getattr(response, "return").CopyFrom(
            encode(
                {name: value for name, value in answer.items() if value is not None},
                self.provider.secret(request.tok),
            )
        )
        return response

    def Cancel(self, request: empty_pb2.Empty, context: Context) -> empty_pb2.Empty:
        """Nothing to do: what is under way ends by itself, and its end is still reported."""
        del request, context
        return empty_pb2.Empty()

    def _record_half(self, urn: str, error: ProviderError, context: Context) -> None:
        """Let the engine record what an operation made before it failed, if it made something."""
        if made := error.created:
            detail = pb.ErrorResourceInitFailed(
                id=made.id,
                properties=self._encoded(urn, made.outputs),
                reasons=error.reasons or [str(error)],
            )
            _half_made(context, detail)

    def _encoded(self, urn: str, properties: Values) -> struct_pb2.Struct:
        return encode(properties, self.provider.secret(type_of(urn)))


@contextmanager
def reported(context: Context) -> Iterator[None]:
    """Hand an error to the engine as the sentence it is."""
    try:
        yield
    except (ProviderError, ValueError) as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


def values(struct: struct_pb2.Struct) -> Values:
    """Properties as plain values; the engine strips secrets from what it sends here."""
    return decode(struct)[0]


def _half_made(context: Context, detail: pb.ErrorResourceInitFailed) -> NoReturn:
    """Let the engine record a resource that exists but is not yet what it should be."""
    why = detail.reasons[0]
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=why)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, why)
    raise AssertionError("abort returned")


def _kind(*, changed: bool) -> pb.DiffResponse.DiffChanges.ValueType:
    kinds = pb.DiffResponse
    return kinds.DIFF_SOME if changed else kinds.DIFF_NONE


def _property_diffs(
    name: str,
    diff: Diff,
    old: Values,
    new: Values,
) -> Iterator[tuple[str, pb.PropertyDiff]]:
    """The difference of a property by paths, as deep as `replaceOnChanges` may name one."""
    suffix = "_REPLACE" if name in diff.replaces else ""
    for path, was, is_ in leaves(name, old.get(name, ABSENT), new.get(name, ABSENT)):
        word = "ADD" if was is ABSENT else "DELETE" if is_ is ABSENT else "UPDATE"
        yield path, pb.PropertyDiff(kind=pb.PropertyDiff.Kind.Value(word + suffix), inputDiff=True)
