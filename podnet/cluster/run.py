"""One probe of a cluster: its objects are made, asked and removed again, whatever happens."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from podnet.cluster import members, rights, workload
from podnet.cluster.api import ClusterError, ExecError
from podnet.cluster.members import Found
from podnet.cluster.rights import Right
from podnet.errors import UserError
from podnet.probe import Matrix, wire
from podnet.probe.bundle import bundle
from podnet.probe.distributed import Silence, probe_site
from podnet.system.progress import Progress
from podnet.system.termination import terminable
from podnet.system.waiting import wait_until

AT_ONCE = 16
POLL = 1.0
REMOVE_SECONDS = 120.0
EXEC_SECONDS = 60.0
"""Of a command beyond what its checks take: Python's start in a busy container."""


class Api(Protocol):
    """What a probe asks of a cluster."""

    @property
    def server(self) -> str:
        """The address of its API."""
        ...

    def allows(self, right: Right) -> bool:
        """Whether the user has this right."""
        ...

    def nodes(self) -> list[dict[str, Any]]:
        """All nodes."""
        ...

    def pods(self) -> list[dict[str, Any]]:
        """The pods of the probe."""
        ...

    def events(self) -> list[dict[str, Any]]:
        """The events of the probe."""
        ...

    def namespace(self) -> dict[str, Any] | None:
        """The namespace of a probe."""
        ...

    def create(self, manifest: dict[str, Any]) -> None:
        """Create an object of the probe."""
        ...

    def delete_namespace(self) -> None:
        """Begin to delete the namespace."""
        ...

    def execute(
        self, place: tuple[str, str], command: Sequence[str], line: str, seconds: float
    ) -> str:
        """The output of a command in a container that reads one line."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """How to probe."""

    image: str = workload.IMAGE
    wait: float = 120.0
    """Seconds until the pods must be ready; those that are not are failed rows then."""
    timeout: float = 2.0
    """Seconds that a check may take: agents are pods, which wait for a processor on busy nodes."""
    expect: int | None = None
    """The number of nodes that there must be; what the API lists by default."""


def probe_cluster(api: Api, wanted: Probe, note: Progress, warn: Progress) -> Matrix:
    """Packets between all pairs of nodes and pods of a cluster; the verdict.

    Raises `UserError`. `warn` gets a text where what was made could not be removed.
    """
    rights.check(api.allows, api.server)
    nodes = members.expected(api.nodes())
    if not nodes:
        raise UserError(
            f"the cluster at {api.server} has no node with Linux that takes pods",
            rule="cluster-without-nodes",
        )
    absent = {
        f"node {number} of {wanted.expect}": f"the API lists {len(nodes)} nodes that take pods"
        for number in range(len(nodes) + 1, (wanted.expect or 0) + 1)
    }
    _clear(api, note)
    with _made(api, wanted.image, note, warn):
        found = _wait(api, nodes, wanted.wait, note)
        note("packets")
        return probe_site(members.site(found, absent), _Agents(api, wanted.timeout), wanted.timeout)


@dataclass(frozen=True, slots=True)
class _Agents:
    api: Api
    timeout: float

    def ask(self, places: Collection[str], message: object) -> Mapping[str, Any]:
        """The answer of each container, by POD/CONTAINER, to the same message."""
        line = wire.pack(message)
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            answers = pool.map(lambda each: self._ask(each, line), places)
            return dict(zip(places, answers, strict=True))
        finally:
            # Ctrl-C must not wait for hundreds of commands that have not begun.
            pool.shutdown(cancel_futures=True)

    def _ask(self, place: str, line: str) -> Any:  # noqa: ANN401  # JSON
        pod, _, container = place.partition("/")
        maker = pod.partition("-")[0]
        command = (*workload.PROGRAM, "request", workload.socket_of(maker, container))
        # Many questions are asked in turns, each of which takes about twice the timeout.
        seconds = EXEC_SECONDS + 20 * self.timeout
        try:
            return wire.unpack(self.api.execute((pod, container), command, line, seconds))
        except (ExecError, wire.WireError) as error:
            return Silence(f"{pod}: {error}")


def _clear(api: Api, note: Progress) -> None:
    """Remove what a probe has left that was killed; raises `UserError` for what is not podnet's."""
    left = api.namespace()
    if left is None:
        return
    labels = left["metadata"].get("labels", {})
    if any(labels.get(key) != value for key, value in workload.OWNER.items()):
        raise UserError(
            f"the cluster at {api.server} has a namespace {workload.NAMESPACE} that is not of "
            "podnet (it lacks the label app.kubernetes.io/managed-by=podnet); remove or rename it",
            rule="cluster-namespace-not-ours",
        )
    note("removing what an earlier run has left")
    _remove(api)


@contextmanager
def _made(api: Api, image: str, note: Progress, warn: Progress) -> Iterator[None]:
    with terminable():
        try:
            note("making pods")
            api.create(workload.namespace())
            api.create(workload.program(bundle()))
            for maker in workload.MAKERS:
                api.create(workload.daemon_set(maker, image))
            yield
        finally:
            note("removing pods")
            try:
                _remove(api)
            except UserError as error:
                # Not raised: it would take the place of the verdict, or of the first error.
                warn(f"{error}; `kubectl delete namespace {workload.NAMESPACE}` removes the rest")


def _remove(api: Api) -> None:
    api.delete_namespace()
    if not wait_until(lambda: api.namespace() is None, REMOVE_SECONDS, POLL):
        raise ClusterError(
            f"namespace {workload.NAMESPACE} is still there {REMOVE_SECONDS:.0f} s after its "
            "deletion began",
            rule="cluster-namespace-stays",
        )


def _wait(
    api: Api, nodes: Mapping[str, Mapping[str, Any]], seconds: float, note: Progress
) -> list[Found]:
    """What there is when all is ready, or the time has passed."""
    found: list[Found] = []

    def ready() -> bool:
        nonlocal found
        found = members.look(nodes, api.pods(), api.events())
        waiting = [each for each in found if each.reason and not each.final]
        if waiting:
            note(f"{len(found) - len(waiting)} of {len(found)} pods; {waiting[0].reason}")
        return not waiting

    wait_until(ready, seconds, POLL)
    return found
