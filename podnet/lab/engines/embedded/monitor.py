"""The resource monitor: the Pulumi SDK talks to it while a program runs, instead of the CLI."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import NoReturn

from google.protobuf import empty_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2, resource_pb2

from podnet.lab.engines.embedded import urns
from podnet.lab.engines.embedded.deployment import Deployment, Goal
from podnet.lab.engines.embedded.journal import Journal
from podnet.lab.engines.embedded.state import Resource
from podnet.lab.engines.errors import EngineError
from podnet.lab.engines.report import PROGRAM
from podnet.lab.providers import wire
from podnet.lab.providers.protocol import ProviderError, Values

FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
)
"""Features the SDK may use; it refuses those not listed (transforms and the like)."""
OTHER_HOOKS = ("after_create", "before_update", "after_update", "before_delete", "after_delete")

_SEVERITIES = {
    engine_pb2.DEBUG: logging.DEBUG,
    engine_pb2.INFO: logging.INFO,
    engine_pb2.WARNING: logging.WARNING,
    engine_pb2.ERROR: logging.ERROR,
}


@dataclass
class Monitor:
    """Turns the SDK's requests into goals of a deployment."""

    project: str
    stack: str
    deployment: Deployment
    journal: Journal
    outputs: Values = field(default_factory=dict)
    secret_outputs: list[str] = field(default_factory=list)
    _aliases: dict[str, list[str]] = field(default_factory=dict)

    def RegisterResource(  # noqa: N802  # the SDK's name, as all below
        self,
        request: resource_pb2.RegisterResourceRequest,
    ) -> resource_pb2.RegisterResourceResponse:
        """Bring a resource to what the program wants."""
        urn = urns.urn(self.stack, self.project, request.parent, request.type, request.name)
        with self.deployment.guarded(urn):
            _refuse_unsupported(request)
            aliases = urns.aliases_of(urn, request.parent, request.aliases, self._aliases)
            self._aliases[urn] = aliases
            inputs, secret = wire.decode(request.object)
            if request.custom:
                secret |= self.journal.providers.pick(request.type).secret(request.type)
        resource = self.deployment.register(_goal(request, urn, inputs, secret, aliases))
        return resource_pb2.RegisterResourceResponse(
            urn=urn,
            id=resource.id,
            object=wire.encode(resource.outputs or resource.inputs, resource.secret),
        )

    def RegisterResourceOutputs(  # noqa: N802
        self,
        request: resource_pb2.RegisterResourceOutputsRequest,
    ) -> empty_pb2.Empty:
        """Note the exports of the stack and the outputs of components."""
        with self.deployment.guarded(request.urn):
            outputs, secret = wire.decode(request.outputs)
        if request.urn.split("::", 3)[2] == urns.STACK:
            self.outputs, self.secret_outputs = outputs, sorted(secret)
        return empty_pb2.Empty()

    def RegisterErrorHook(  # noqa: N802
        self, request: resource_pb2.RegisterErrorHookRequest
    ) -> empty_pb2.Empty:
        """Remember a function that says whether a failed operation is tried again."""
        self.journal.hooks.register(request.name, request.callback)
        return empty_pb2.Empty()

    def RegisterResourceHook(  # noqa: N802
        self, request: resource_pb2.RegisterResourceHookRequest
    ) -> empty_pb2.Empty:
        """Remember a function that is called before a creation; `_refuse_unsupported` the rest."""
        self.journal.hooks.register(request.name, request.callback, on_dry_run=request.on_dry_run)
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802
        self,
        request: resource_pb2.ReadResourceRequest,
    ) -> resource_pb2.ReadResourceResponse:
        """Read a resource that the program does not own."""
        urn = urns.urn(self.stack, self.project, request.parent, request.type, request.name)
        if request.id == rpc.UNKNOWN:
            return resource_pb2.ReadResourceResponse(urn=urn)
        with self.deployment.guarded(urn, "could not be read"):
            explicit = self.journal.state.explicit_provider(*_reference(request.provider))
            if explicit is not None and wire.contains_unknown(explicit.inputs):
                return resource_pb2.ReadResourceResponse(urn=urn)
            provider = self.journal.providers.pick(request.type, explicit)
            inputs, secret = wire.decode(request.properties)
            found = provider.read(request.type, request.id, inputs, {})
            if found is None:
                raise ProviderError(
                    f"there is none with the id {request.id}", rule="resource-to-read-missing"
                )
        secret |= provider.secret(request.type) | set(request.additionalSecretOutputs)
        return resource_pb2.ReadResourceResponse(
            urn=urn, id=request.id, properties=wire.encode(found[1], secret)
        )

    def Invoke(  # noqa: N802
        self,
        request: resource_pb2.ResourceInvokeRequest,
    ) -> resource_pb2.ResourceInvokeResponse:
        """Call a function of the provider; a refusal is the program's to handle."""
        try:
            explicit = self.journal.state.explicit_provider(*_reference(request.provider))
            provider = self.journal.providers.pick(request.tok, explicit)
            result = provider.invoke(request.tok, wire.decode(request.args)[0])
        except ProviderError as error:
            failure = {"property": "", "reason": str(error)}
            return resource_pb2.ResourceInvokeResponse(failures=[failure])
        response = resource_pb2.ResourceInvokeResponse()
        # The field is called `return`, a word that Python keeps for itself.
        getattr(response, "return").CopyFrom(wire.encode(result, provider.secret(request.tok)))
        return response

    def Call(self, request: resource_pb2.ResourceCallRequest) -> NoReturn:  # noqa: N802
        """Refuse methods of remote components."""
        raise EngineError(
            f"{request.tok}: the embedded engine calls no methods of components",
            rule="component-methods-unsupported",
        )

    def GetDeploymentInfo(self, _: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:  # noqa: N802
        """Report the supported features to the SDK."""
        return resource_pb2.DeploymentInfo(supportedFeatures=FEATURES)

    def SignalAndWaitForShutdown(self, _: empty_pb2.Empty) -> empty_pb2.Empty:  # noqa: N802
        """The program has ended; nothing is left to wait for."""
        return empty_pb2.Empty()


class ProgramLog:
    """Takes what the program logs; as with the CLI, a logged error fails the run."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:  # noqa: N802
        """Pass a message on to Python's logging, where the SDK has no say in what is shown.

        An error is kept for the end of the run, which it fails.
        """
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        else:
            PROGRAM.log(_SEVERITIES[request.severity], "%s", request.message)
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, request: engine_pb2.RequirePulumiVersionRequest) -> NoReturn:  # noqa: N802
        """Refuse: there is no CLI here whose version could be promised."""
        raise EngineError(
            f"the program asks for Pulumi {request.pulumi_version_range}, and the "
            f"embedded engine has no such version",
            rule="pulumi-version-unsupported",
        )


def _refuse_unsupported(request: resource_pb2.RegisterResourceRequest) -> None:
    for given, option in (
        (request.importId, "import_"),
        (request.remote, "a remote component"),
        (request.HasField("replacement_trigger"), "replacement_trigger"),
        *((getattr(request.hooks, kind), f"a hook {kind}") for kind in OTHER_HOOKS),
    ):
        if given:
            raise ProviderError(
                f"{option} is not supported by the embedded engine",
                rule="resource-option-unsupported",
            )


def _reference(provider: str) -> tuple[str, str]:
    """URN and id of an explicit provider, as requests name it; empty for the default one."""
    urn, _, id_ = provider.rpartition("::")
    return urn, id_


def _goal(
    request: resource_pb2.RegisterResourceRequest,
    urn: str,
    inputs: Values,
    secret: frozenset[str],
    aliases: list[str],
) -> Goal:
    # The SDK collects dependencies in sets; sorted, an unchanged program leaves the file unchanged.
    by_property = {
        name: sorted(item.urns)
        for name, item in sorted(request.propertyDependencies.items())
        if item.urns
    }
    provider, provider_id = _reference(request.provider)
    first = request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None
    return Goal(
        resource=Resource(
            urn=urn,
            type=request.type,
            custom=request.custom,
            inputs=inputs,
            secret=sorted(secret | set(request.additionalSecretOutputs)),
            parent=request.parent,
            provider=provider,
            provider_id=provider_id,
            protect=request.protect,
            retain=request.retainOnDelete,
            deleted_with=request.deletedWith,
            error_hooks=list(request.hooks.on_error),
            dependencies=sorted(request.dependencies),
            property_dependencies=by_property,
        ),
        delete_before_replace=first,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        aliases=tuple(aliases),
        before_create=tuple(request.hooks.before_create),
    )
