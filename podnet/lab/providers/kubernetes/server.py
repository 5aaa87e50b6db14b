"""The API server as the provider reaches it: from inside one network namespace, and no other."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import urllib3
from kubernetes.client import ApiClient, Configuration  # type: ignore[import-untyped]
from kubernetes.client.exceptions import ApiException  # type: ignore[import-untyped]
from kubernetes.dynamic import DynamicClient  # type: ignore[import-untyped]
from kubernetes.dynamic.resource import Resource  # type: ignore[import-untyped]

from podnet.lab.providers.kubernetes.api import (
    MANAGER,
    Kind,
    NotServedError,
    RefusedError,
    UnreachableError,
)
from podnet.lab.providers.kubernetes.kubeconfig import Access
from podnet.lab.providers.protocol import ProviderError, Values
from podnet.system.netns import inside
from podnet.system.waiting import wait_until

T = TypeVar("T")
Dynamic = Any
"""An object of the Kubernetes client, which makes its types at run time."""

TRANSIENT = frozenset({429, 503, 504})
"""The API server is there and asks for patience: too many calls, or not all of it is up yet."""
TIMEOUT = (5.0, 30.0)
POLL = 1.0
DISCOVERY = 5.0
"""Seconds for which a kind may be unknown: the API server serves a new one after a moment."""


@dataclass
class Server:
    """An API server, through the official client."""

    access: Access
    namespace: Path
    """The file of the network namespace that every call is made in."""
    patience: float
    """Seconds to go on trying while nothing answers."""

    def namespaced(self, kind: Kind) -> bool:
        return bool(self._resource(kind).namespaced)

    def get(self, kind: Kind, name: str, namespace: str | None) -> Values | None:
        resource = self._resource(kind)
        try:
            found: Values = self._call(
                lambda: resource.get(
                    name=name, namespace=namespace, _request_timeout=TIMEOUT
                ).to_dict()
            )
        except RefusedError as error:
            if error.status == 404:  # noqa: PLR2004  # not found
                return None
            raise
        return found

    def listed(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> list[Values]:
        resource = self._resource(kind)
        found: list[Values] = self._call(
            lambda: resource.get(
                namespace=namespace,
                label_selector=labels or None,
                field_selector=fields or None,
                _request_timeout=TIMEOUT,
            ).to_dict()["items"]
        )
        return found

    def apply(self, manifest: Values, namespace: str | None, *, force: bool) -> Values:
        resource = self._resource(Kind(manifest["apiVersion"], manifest["kind"]))
        # The answer to a call that got lost on its way back is had by calling again.
        return self._call(
            lambda: resource.server_side_apply(
                body=manifest,
                name=manifest["metadata"]["name"],
                namespace=namespace,
                field_manager=MANAGER,
                force_conflicts=force,
                _request_timeout=TIMEOUT,
            ).to_dict()
        )

    def delete(self, kind: Kind, name: str, namespace: str | None, propagation: str) -> None:
        resource = self._resource(kind)
        try:
            self._call(
                lambda: resource.delete(
                    name=name,
                    namespace=namespace,
                    propagation_policy=propagation,
                    body={},
                    _request_timeout=TIMEOUT,
                )
            )
        except RefusedError as error:
            if error.status != 404:  # noqa: PLR2004
                raise

    def _resource(self, kind: Kind) -> Dynamic:
        """The resource of a kind, as the API server's discovery lists it."""
        # The first answer may take longer than a new kind.
        if not self._served(kind) and not wait_until(lambda: self._served(kind), DISCOVERY, POLL):
            served = sorted(one.kind for one in self._known if one.api_version == kind.api_version)
            raise NotServedError(
                f"the API server at {self.access.server} serves no {kind.kind} of "
                f"{kind.api_version}; of that it serves "
                f"{', '.join(served) or 'nothing'}",
                rule="object-kind-not-served",
            )
        return self._known[kind]

    def _served(self, kind: Kind) -> bool:
        if kind not in self._known:
            self._discover(kind.api_version)
        return kind in self._known

    def _discover(self, api_version: str) -> None:
        group, _, version = api_version.rpartition("/")
        prefix = "apis" if group else "api"
        try:
            listed = self._call(
                lambda: self._client.request(
                    "get", f"/{prefix}/{api_version}", _request_timeout=TIMEOUT
                ).to_dict()
            )
        except RefusedError as error:
            if error.status == 404:  # noqa: PLR2004
                return
            raise
        for item in listed.get("resources", []):
            if "/" not in item["name"]:
                self._known[Kind(api_version, item["kind"])] = Resource(
                    prefix=prefix,
                    group=group,
                    api_version=version,
                    kind=item["kind"],
                    name=item["name"],
                    namespaced=item["namespaced"],
                    verbs=item["verbs"],
                    client=self._client,
                )

    @cached_property
    def _known(self) -> dict[Kind, Any]:
        return {}

    @cached_property
    def _client(self) -> Dynamic:
        configuration = Configuration(host=self.access.server)
        if self.access.token:
            configuration.api_key = {"authorization": f"Bearer {self.access.token}"}
        client = ApiClient(configuration)
        # The client's own would want certificate and key in files, and would heed proxies.
        client.rest_client.pool_manager = _Pool(
            ssl_context=_trust(self.access),
            retries=False,
            maxsize=32,
            server_hostname=self.access.name or None,
        )
        # What it discovers by itself it would keep in a file that other clusters share.
        return DynamicClient(client, discoverer=lambda *_: None)

    def _call(self, make: Callable[[], T]) -> T:
        """Make a call inside the namespace, patiently while nobody answers."""
        answers: list[T] = []
        why = ""

        def answered() -> bool:
            nonlocal why
            try:
                answers.append(inside(self.namespace, make))
            except FileNotFoundError as error:
                raise UnreachableError(
                    f"the network namespace {self.namespace} is not there, and only "
                    f"from there the lab's cluster is reached; is the lab up?",
                    rule="lab-namespace-gone",
                ) from error
            except urllib3.exceptions.HTTPError as error:
                why = _plain(error)
            except ApiException as error:
                if error.status not in TRANSIENT:
                    raise RefusedError(error.status or 0, _message(error)) from error
                why = _message(error)
            return bool(answers)

        if not wait_until(answered, self.patience, POLL):
            message = self._unanswered(why)
            self.patience = min(self.patience, POLL)  # who was waited for once is down
            raise UnreachableError(message, rule="api-server-unreachable")
        return answers[0]

    def _unanswered(self, why: str) -> str:
        return (
            f"the API server at {self.access.server} did not answer in {self.patience:g} s "
            f"({why}). Look at: whether the control plane runs (`podnet status`, then "
            f"`podnet exec node-1 -- journalctl -u kubelet -n 50`); whether port 6443 is open "
            f"for the host that deploys (podnet:apiCidrs); whether this is still its address"
        )


class _Pool(urllib3.PoolManager):
    """Connections; reports an untrusted server itself, since the client cannot handle that."""

    def request(self, method: str, url: str, *given: Dynamic, **more: Dynamic) -> Dynamic:
        try:
            return super().request(method, url, *given, **more)
        except urllib3.exceptions.SSLError as error:
            server = url.partition("/api")[0]
            raise UnreachableError(
                f"what answers at {server} is not the cluster of the kubeconfig ({error}); was "
                f"its control plane replaced? Look up the kubeconfig again",
                rule="api-server-not-trusted",
            ) from error


def _trust(access: Access) -> ssl.SSLContext:
    """The trusted authority and the client's identity; the key is read from a file in memory."""
    try:
        context = ssl.create_default_context(cadata=access.authority)
        if access.certificate:
            descriptor = os.memfd_create("identity", os.MFD_CLOEXEC)
            try:
                with os.fdopen(os.dup(descriptor), "w") as file:
                    file.write(f"{access.certificate}\n{access.key}\n")
                context.load_cert_chain(f"/proc/self/fd/{descriptor}")
            finally:
                os.close(descriptor)
    except ssl.SSLError as error:
        raise ProviderError(
            f"a certificate or key of the kubeconfig cannot be read: {error.reason}",
            rule="kubeconfig-certificate-unreadable",
        ) from None
    return context


def _message(error: Dynamic) -> str:
    """The API server's own sentence."""
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return " ".join(str(error.reason or error.body or error.status).split())


def _plain(error: Exception) -> str:
    """A connection's failure without the object that it happened to."""
    return str(error).rpartition(": ")[2] or type(error).__name__
