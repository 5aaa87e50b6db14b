"""The Kubernetes provider of the lab: any object of an API server that is inside the lab."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from podnet.lab.providers.kubernetes import configuration, objects, readiness, unready
from podnet.lab.providers.kubernetes.api import (
    MANAGER,
    Api,
    Kind,
    NotServedError,
    UnreachableError,
)
from podnet.lab.providers.kubernetes.configuration import Settings
from podnet.lab.providers.kubernetes.kubeconfig import Access
from podnet.lab.providers.kubernetes.objects import at
from podnet.lab.providers.kubernetes.waits import Wait, called, id_of
from podnet.lab.providers.protocol import Created, Diff, ProviderError, Values

SECRET = {
    configuration.TYPE: frozenset({configuration.KUBECONFIG}),
    "kubernetes:core/v1:Secret": frozenset({"data", "stringData"}),
}
"""Properties that are always secret."""

Connect = Callable[[Access, Path, float], Api]


def _dial(access: Access, namespace: Path, patience: float) -> Api:
    """An API server through the official client."""
    # Here, since the client takes a second to load, and most runs of the program need none.
    from podnet.lab.providers.kubernetes.server import Server  # noqa: PLC0415  # loads slowly

    return Server(access, namespace, patience)


class KubernetesProvider:
    """Serves objects by server-side apply, and waits for them as the real provider does.

    `namespace` is the file of the network namespace in which every call is made, that of the lab's
    internet: so no cluster but the lab's can be reached, whatever a kubeconfig says. Without it no
    kubeconfig is taken. `patience` is how many seconds the API server may be silent, `limit` how
    many an object may take to be ready or gone, where its annotation says no other number.
    """

    def __init__(  # noqa: PLR0913  # what tests set otherwise
        self,
        namespace: Path | None,
        settings: Settings | None = None,
        *,
        patience: float = 60,
        limit: float = 600,
        poll: float = 0.5,
        connect: Connect = _dial,
    ) -> None:
        self._namespace = namespace
        self._settings = settings or Settings()
        self._patience = patience
        self._limit = limit
        self._poll = poll
        self._connect = connect

    def configure(self, config: Mapping[str, str]) -> None:
        """Refuse settings of the default provider, which serves nothing."""
        for key in sorted(config):
            if key.startswith("kubernetes:"):
                raise ProviderError(
                    f"{key} is not served by the lab: its clusters are named by "
                    f"explicit providers (kubernetes.Provider) alone",
                    rule="kubernetes-setting-not-served-by-default",
                )

    def with_configuration(self, type_: str, given: Values) -> KubernetesProvider:
        """The provider for the cluster of this configuration."""
        del type_
        return KubernetesProvider(
            self._namespace,
            Settings.of(given),
            patience=self._patience,
            limit=self._limit,
            poll=self._poll,
            connect=self._connect,
        )

    def secret(self, token: str) -> frozenset[str]:
        """Properties of a type that are always secret."""
        return SECRET.get(token, frozenset())

    def check(self, type_: str, inputs: Values) -> Values:
        """The inputs with their kind; `ProviderError` for what is not served."""
        if type_ == configuration.TYPE:
            checked = configuration.check(inputs)
            if checked.get(configuration.KUBECONFIG) and self._namespace is None:
                raise ProviderError(
                    "a kubeconfig is only taken for a cluster inside a lab, and "
                    "no network namespace of one was given",
                    rule="kubeconfig-outside-lab",
                )
            return checked
        kind = objects.kind_of(type_)
        if self._settings.kubeconfig is None:
            self._settings.access()  # says what is missing, already in a preview
        readiness.refuse_unawaited(kind, inputs)
        return objects.check(kind, inputs)

    def diff(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        new_inputs: Values,
    ) -> Diff:
        """Compare inputs; says which difference replaces the object."""
        del id_, old_outputs
        if type_ == configuration.TYPE:
            return configuration.diff(old_inputs, new_inputs)
        return objects.diff(objects.kind_of(type_), self._settings, old_inputs, new_inputs)

    def create(self, type_: str, inputs: Values, token: str, name: str) -> tuple[str, Values]:
        """Make the object and wait until it is ready; one that exists already is refused."""
        kind, name, namespace = self._identity(type_, inputs, f"{name}-{token[:8]}")
        there = self._api.get(kind, name, namespace)
        if there is not None and at(there, "metadata.deletionTimestamp"):
            self._await_end(kind, name, namespace, str(at(there, "metadata.uid")), inputs)
        elif there is not None and "upsertExistingObjects" not in self._settings.on:
            raise ProviderError(
                f"{called(kind, name, namespace)} exists already and is none of this stack's; "
                f"delete it, or take it over with upsertExistingObjects=True on the provider",
                rule="object-exists",
            )
        id_ = id_of(name, namespace)
        try:
            return id_, self._applied(kind, name, namespace, inputs, unready.CREATED)
        except ProviderError as error:
            if isinstance(error, UnreachableError):
                raise
            if live := self._api.get(kind, name, namespace):
                error.created = Created(id_, _outputs(live))
            raise

    def find(self, type_: str, inputs: Values, token: str, name: str) -> tuple[str, Values] | None:
        """The object that a creation made: it has the name, and was applied from here."""
        kind, name, namespace = self._identity(type_, inputs, f"{name}-{token[:8]}")
        live = self._api.get(kind, name, namespace)
        if live is None or at(live, "metadata.deletionTimestamp"):
            return None
        managers = {one.get("manager") for one in at(live, "metadata.managedFields") or []}
        return (id_of(name, namespace), _outputs(live)) if MANAGER in managers else None

    def read(
        self,
        type_: str,
        id_: str,
        inputs: Values,
        outputs: Values,
    ) -> tuple[Values, Values] | None:
        """Inputs and outputs as they are; None when the object is gone."""
        del outputs
        namespace, _, name = id_.rpartition("/")
        try:
            live = self._api.get(objects.kind_of(type_), name, namespace or None)
        except NotServedError:
            return None  # its definition is gone, and took it along
        return None if live is None else (objects.found(inputs, live), _outputs(live))

    def update(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        new_inputs: Values,
    ) -> Values:
        """Bring the object to the new inputs and wait until it is ready."""
        del old_inputs, old_outputs
        kind, (namespace, _, name) = objects.kind_of(type_), id_.rpartition("/")
        if self._api.get(kind, name, namespace or None) is None:
            raise ProviderError(
                f"{called(kind, name, namespace)} is gone; refresh, and it will be created again",
                rule="object-gone",
            )
        try:
            return self._applied(kind, name, namespace or None, new_inputs, unready.UPDATED)
        except ProviderError as error:
            if error.reasons and (live := self._api.get(kind, name, namespace or None)):
                error.created = Created(id_, _outputs(live))
            raise

    def unready(self, type_: str, outputs: Values) -> tuple[str, ...]:
        """The reasons by which a refresh finds a workload not ready, the sentence first."""
        del type_
        return unready.at_refresh(self._api, outputs)

    def delete(self, type_: str, id_: str, outputs: Values) -> None:
        """Remove the object and wait until it is gone."""
        kind, (namespace, _, name) = objects.kind_of(type_), id_.rpartition("/")
        propagation = objects.notes(outputs).get(objects.PROPAGATION, "foreground")
        try:
            live = self._api.get(kind, name, namespace or None)
            if live is None:
                return
            self._api.delete(kind, name, namespace or None, str(propagation).capitalize())
            self._await_end(kind, name, namespace or None, str(at(live, "metadata.uid")), outputs)
        except NotServedError:
            return
        except UnreachableError as error:
            if "deleteUnreachable" not in self._settings.on:
                raise ProviderError(
                    f"{error}. If the cluster is gone for good, set deleteUnreachable=True on the "
                    f"provider, run up, and delete again",
                    rule="cluster-unreachable-at-deletion",
                ) from error

    def invoke(self, token: str, args: Values) -> Values:
        """Refuse: the lab calls no functions of Kubernetes."""
        del args
        raise ProviderError(
            f"the lab does not serve the function {token}", rule="kubernetes-function-not-served"
        )

    @cached_property
    def _api(self) -> Api:
        if self._namespace is None:
            raise ProviderError(
                "no network namespace of a lab was given", rule="lab-namespace-missing"
            )
        access = self._settings.access()
        _refuse_own(self._namespace)
        return self._connect(access, self._namespace, self._patience)

    def _identity(
        self, type_: str, inputs: Values, made_up_name: str
    ) -> tuple[Kind, str, str | None]:
        """Kind, name and namespace of an object."""
        kind = objects.kind_of(type_)
        given = inputs.get("metadata", {})
        name = str(given.get("name") or made_up_name)
        if self._api.namespaced(kind):
            return kind, name, str(given.get("namespace") or self._settings.namespace)
        if given.get("namespace"):
            raise ProviderError(
                f"a {kind.kind} is in no namespace; leave out metadata.namespace",
                rule="object-not-namespaced",
            )
        return kind, name, None

    def _applied(
        self, kind: Kind, name: str, namespace: str | None, inputs: Values, otherwise: str
    ) -> Values:
        metadata = {
            **inputs.get("metadata", {}),
            "name": name,
            **({"namespace": namespace} if namespace else {}),
        }
        force = (
            objects.notes(inputs).get(objects.FORCE) == "true"
            or "enablePatchForce" in self._settings.on
        )
        live = self._api.apply({**inputs, "metadata": metadata}, namespace, force=force)
        wait = self._wait(kind, name, namespace, inputs)
        return _outputs(wait.until_ready(live, otherwise.format(id_of(name, namespace))))

    def _await_end(
        self, kind: Kind, name: str, namespace: str | None, uid: str, values: Values
    ) -> None:
        self._wait(kind, name, namespace, values).until_gone(uid)

    def _wait(self, kind: Kind, name: str, namespace: str | None, values: Values) -> Wait:
        """A wait for this object, as long as its annotation says."""
        asked = objects.notes(values).get(objects.TIMEOUT)
        limit = self._limit if asked is None else float(asked)
        return Wait(self._api, kind, name, namespace, limit, self._poll)


def _refuse_own(namespace: Path) -> None:
    """Refuse the namespace that this process is in anyway: it leads out of the lab."""
    # The first call reports one that does not exist.
    if namespace.exists() and namespace.samefile("/proc/self/ns/net"):
        raise ProviderError(
            f"{namespace} is the network namespace of this machine; the lab's "
            f"provider reaches clusters inside a lab alone",
            rule="lab-namespace-is-the-host",
        )


def _outputs(live: Values) -> Values:
    """The object as it is, without the record of who manages which field."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    return {**live, "metadata": metadata}
