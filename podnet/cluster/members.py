"""The nodes of a cluster and the probe's pods on them: pure, from what the API lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from podnet.cluster.conditions import Object, unmet_condition
from podnet.cluster.workload import CONTAINERS, LABEL, MAKERS, NODE
from podnet.probe.distributed import Site
from podnet.probe.endpoint import Container, Endpoint, label_of
from podnet.system.netns import OWN


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What stands for one endpoint: a pod that is ready, or the reason for which there is none."""

    maker: str
    node: str
    pod: str = ""
    address: str = ""
    reason: str | None = None
    final: bool = False
    """True where waiting does not help."""

    @property
    def label(self) -> str:
        """Its name in the matrix."""
        return label_of(self.maker, self.node)


def expected(nodes: Iterable[Object]) -> dict[str, Object]:
    """The nodes that must take part, by name: all with Linux that take pods, ready or not."""
    return {
        each["metadata"]["name"]: each
        for each in nodes
        if not each.get("spec", {}).get("unschedulable")
        and each["metadata"].get("labels", {}).get("kubernetes.io/os", "linux") == "linux"
    }


def look(
    nodes: Mapping[str, Object], pods: Iterable[Object], events: Iterable[Object]
) -> list[Found]:
    """What there is of each DaemonSet on each node, in the order of the matrix."""
    by_place: dict[tuple[str, str], Object] = {}
    for pod in pods:
        if "deletionTimestamp" not in pod["metadata"]:
            by_place[_maker(pod), _node(pod)] = pod
    refusals = {
        event["involvedObject"].get("name"): event.get("message", "")
        for event in events
        if event.get("reason") == "FailedCreate"
    }
    return [
        _found(maker, name, node, by_place.get((maker, name)), refusals.get(maker))
        for maker in MAKERS
        for name, node in nodes.items()
    ]


def site(found: Sequence[Found], absent: Mapping[str, str]) -> Site:
    """The endpoints that there are, and those that are missing; `absent` are more of them."""
    endpoints: dict[str, Endpoint] = {}
    places: dict[str, str] = {}
    missing = dict(absent)
    for each in found:
        if each.reason is not None:
            missing[each.label] = each.reason
            continue
        inner = CONTAINERS[each.maker] if each.maker != NODE else ()
        endpoints[each.label] = Endpoint(
            kind="node" if each.maker == NODE else "pod",
            name=each.label,
            node=each.node,
            address=IPv4Address(each.address),
            netns=OWN,
            mtu=0,
            containers=tuple(Container(name, OWN) for name in inner),
        )
        places[each.label] = f"{each.pod}/{CONTAINERS[each.maker][0]}"
        places |= {f"{each.label}/{name}": f"{each.pod}/{name}" for name in inner}
    return Site(endpoints=endpoints, places=places, missing=missing)


def _found(maker: str, name: str, node: Object, pod: Object | None, refusal: str | None) -> Found:
    not_ready = _why_node_not_ready(name, node)
    # Nothing of a node that does not report can be believed, nor will it change soon.
    if not_ready:
        return Found(maker=maker, node=name, reason=not_ready, final=True)
    if pod is None:
        reason = f"{name} has no pod of DaemonSet {maker}" + (f": {refusal}" if refusal else "")
        return Found(maker=maker, node=name, reason=reason)
    address = pod.get("status", {}).get("podIP", "")
    why = _why_pod_not_ready(pod) or _why_no_endpoint(pod, address)
    return Found(maker=maker, node=name, pod=pod["metadata"]["name"], address=address, reason=why)


def _why_node_not_ready(name: str, node: Object) -> str | None:
    conditions = node.get("status", {}).get("conditions", ())
    ready: Object = next((each for each in conditions if each["type"] == "Ready"), {})
    if ready.get("status") == "True":
        return None
    return f"{name} is NotReady: {ready.get('message') or 'its kubelet has not reported'}"


def _why_pod_not_ready(pod: Object) -> str | None:
    status, name = pod.get("status", {}), pod["metadata"]["name"]
    for each in status.get("containerStatuses", ()):
        state = each.get("state", {})
        if waiting := state.get("waiting"):
            words = ": ".join(text for key in ("reason", "message") if (text := waiting.get(key)))
            return f"{name}: {words or 'it waits'}"
        if ended := state.get("terminated"):
            return f"{name}: container {each['name']} ended with code {ended.get('exitCode')}"
    return unmet_condition(pod)


def _why_no_endpoint(pod: Object, address: str) -> str | None:
    try:
        IPv4Address(address)
    except AddressValueError:
        name = pod["metadata"]["name"]
        return f"{name} has the address {address or 'none'}; the probe sends over IPv4 alone"
    return None


def _maker(pod: Object) -> str:
    return str(pod["metadata"].get("labels", {}).get(LABEL, "")).removeprefix("podnet-")


def _node(pod: Object) -> str:
    """The node of a pod; a DaemonSet's pod names it before it is bound to it."""
    spec = pod.get("spec", {})
    if name := spec.get("nodeName"):
        return str(name)
    terms = (
        spec.get("affinity", {})
        .get("nodeAffinity", {})
        .get("requiredDuringSchedulingIgnoredDuringExecution", {})
        .get("nodeSelectorTerms", ())
    )
    names = [
        value
        for term in terms
        for field in term.get("matchFields", ())
        if field.get("key") == "metadata.name"
        for value in field.get("values", ())
    ]
    return str(names[0]) if names else ""
