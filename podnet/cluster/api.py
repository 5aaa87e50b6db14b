"""The API of a cluster, as the official client reaches it by a kubeconfig."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3.exceptions
import yaml
from kubernetes import client, config, stream  # type: ignore[import-untyped]
from kubernetes.client.exceptions import ApiException  # type: ignore[import-untyped]
from websocket import WebSocketException

from podnet.cluster.rights import Right
from podnet.cluster.workload import NAMESPACE
from podnet.errors import UserError

CONNECT_SECONDS, ANSWER_SECONDS = 5, 30
NOT_FOUND, UNAUTHORIZED, FORBIDDEN = 404, 401, 403

Object = dict[str, Any]


class ClusterError(UserError):
    """The cluster cannot be reached, or refuses what was asked of it."""


class ExecError(RuntimeError):
    """A command in a container that could not be run to its end."""


def connect(kubeconfig: Path | None, context: str | None) -> Cluster:
    """The cluster of a kubeconfig, that of `kubectl` by default; nothing is asked of it yet."""
    where = f"kubeconfig {kubeconfig}" if kubeconfig else "kubeconfig ($KUBECONFIG, ~/.kube/config)"
    if kubeconfig and not kubeconfig.is_file():
        raise ClusterError(
            f"there is no {where}; give the path of one that `kubectl --kubeconfig` takes",
            rule="kubeconfig-file-missing",
        )
    try:
        made = config.new_client_from_config(
            config_file=str(kubeconfig) if kubeconfig else None,
            context=context,
            persist_config=False,
        )
    except (config.ConfigException, yaml.YAMLError, TypeError, ValueError, OSError) as error:
        # A parser's message would show the line, and on it perhaps a key.
        said = "it is not YAML" if isinstance(error, yaml.YAMLError) else str(error)
        raise ClusterError(
            f"the {where} leads to no cluster: {said.splitlines()[0] if said else 'it is empty'}; "
            "`kubectl config view` and `kubectl config get-contexts` show what is in it",
            rule="kubeconfig-invalid",
        ) from None
    made.configuration.retries = 0  # pyright: ignore[reportAttributeAccessIssue]
    return Cluster(made.configuration)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster; its methods raise `ClusterError`."""

    configuration: client.Configuration

    @property
    def server(self) -> str:
        """The address of its API."""
        return str(self.configuration.host)

    def allows(self, right: Right) -> bool:
        """Whether whoever the kubeconfig names has this right."""
        review = {"spec": {"resourceAttributes": right.attributes()}}
        api = client.AuthorizationV1Api(self._client())
        answer = self._json("review its rights", api.create_self_subject_access_review, review)
        return bool(answer.get("status", {}).get("allowed"))

    def nodes(self) -> list[Object]:
        """All nodes."""
        found: list[Object] = self._json("list nodes", self._core().list_node)["items"]
        return found

    def pods(self) -> list[Object]:
        """The pods of the probe."""
        listed = self._json("list pods", self._core().list_namespaced_pod, NAMESPACE)
        found: list[Object] = listed["items"]
        return found

    def events(self) -> list[Object]:
        """The events of the probe, by time."""
        listed = self._json("list events", self._core().list_namespaced_event, NAMESPACE)
        return sorted(listed["items"], key=lambda each: str(each.get("lastTimestamp")))

    def namespace(self) -> Object | None:
        """The namespace of a probe; None where there is none."""
        try:
            found: Object = self._json(
                "read a namespace", self._core().read_namespace, NAMESPACE, raw=True
            )
        except ApiException:
            return None
        return found

    def create(self, manifest: Object) -> None:
        """Create an object of the probe."""
        what = f"create {manifest['kind']} {manifest['metadata']['name']}"
        match manifest["kind"]:
            case "Namespace":
                self._json(what, self._core().create_namespace, manifest)
            case "ConfigMap":
                self._json(what, self._core().create_namespaced_config_map, NAMESPACE, manifest)
            case "DaemonSet":
                apps = client.AppsV1Api(self._client())
                self._json(what, apps.create_namespaced_daemon_set, NAMESPACE, manifest)
            case kind:
                raise ValueError(f"no probe has a {kind}")

    def delete_namespace(self) -> None:
        """Begin to delete the namespace, and all that is in it; one that is gone is fine."""
        try:
            self._json("delete a namespace", self._core().delete_namespace, NAMESPACE, raw=True)
        except ApiException:
            return

    def execute(
        self, place: tuple[str, str], command: Sequence[str], line: str, seconds: float
    ) -> str:
        """The output of a command in a container (pod, name) that reads one line.

        Raises `ExecError`.
        """
        pod, container = place
        try:
            # A client of its own: the library swaps a method of it while it connects.
            running = stream.stream(
                self._core().connect_get_namespaced_pod_exec,
                pod,
                NAMESPACE,
                container=container,
                command=list(command),
                stdin=True,
                stdout=True,
                stderr=True,
                tty=False,
                _preload_content=False,
            )
            return _finish(running, line, seconds)
        except (ApiException, WebSocketException, urllib3.exceptions.HTTPError, OSError) as error:
            said = error.reason if isinstance(error, ApiException) else error
            raise ExecError(f"no command could be run in {pod}: {said}") from error

    def _client(self) -> client.ApiClient:
        return client.ApiClient(self.configuration)

    def _core(self) -> client.CoreV1Api:
        return client.CoreV1Api(self._client())

    def _json(self, what: str, call: Any, *arguments: Any, raw: bool = False) -> Any:  # noqa: ANN401
        """The answer of a call; with `raw`, one that is not found stays an `ApiException`."""
        limits = {"_preload_content": False, "_request_timeout": (CONNECT_SECONDS, ANSWER_SECONDS)}
        try:
            with self._errors(what):
                return json.loads(call(*arguments, **limits).data)
        except ApiException as error:
            if raw:
                raise
            raise ClusterError(
                f"the cluster at {self.server} has nothing to {what}: {error.reason}",
                rule="cluster-without-object",
            ) from None

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            if error.status == NOT_FOUND:
                raise
            raise self._refused(what, error) from None
        except urllib3.exceptions.HTTPError as error:
            raise ClusterError(
                f"no API server answers at {self.server}: {_cause(error)}; is the cluster up, is "
                "the kubeconfig of now, and does the way there (VPN, proxy, firewall) work?",
                rule="cluster-unreachable",
            ) from None
        except ValueError as error:
            raise ClusterError(
                f"what answers at {self.server} is no API server of Kubernetes: {error}",
                rule="cluster-answer-not-kubernetes",
            ) from None

    def _refused(self, what: str, error: ApiException) -> ClusterError:
        said = _message(error)
        if error.status == UNAUTHORIZED:
            return ClusterError(
                f"the cluster at {self.server} does not know whom the kubeconfig names: {said}; "
                "log in again, so that `kubectl auth whoami` answers",
                rule="cluster-unauthorized",
            )
        if error.status == FORBIDDEN:
            return ClusterError(
                f"the cluster at {self.server} forbids to {what}: {said}",
                rule="cluster-forbidden",
            )
        return ClusterError(
            f"the cluster at {self.server} refused to {what} ({error.status}): {said}",
            rule="cluster-refused",
        )


def _finish(running: Any, line: str, seconds: float) -> str:  # noqa: ANN401  # untyped
    limit = time.monotonic() + seconds
    try:
        running.write_stdin(f"{line}\n")
        while running.is_open() and time.monotonic() < limit:
            running.update(timeout=1)
        if running.is_open():
            raise ExecError(f"no answer in {seconds:.0f} s")
        output = str(running.read_stdout(timeout=0) or "")
        if code := running.returncode:
            words = str(running.read_stderr(timeout=0) or "").strip().splitlines()
            said = f": {words[-1]}" if words else ""
            raise ExecError(f"its agent's command ended with code {code}{said}")
    finally:
        running.close()
    return output


def _message(error: ApiException) -> str:
    try:
        body: Mapping[str, Any] = json.loads(str(error.body))
    except (TypeError, ValueError):
        return str(error.reason)
    return str(body.get("message") or error.reason) if isinstance(body, dict) else str(error.reason)


def _cause(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).rpartition(": ")[2] or type(reason).__name__
