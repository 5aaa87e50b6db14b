"""A cluster that answers as a test has laid it out, and remembers what was made and removed."""

from __future__ import annotations

from podnet.cluster import workload
from podnet.cluster.api import ExecError
from podnet.probe import wire


def node(name, ready="True", message="", **spec):
    condition = {"type": "Ready", "status": ready, "message": message}
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}},
        "spec": spec,
        "status": {"conditions": [condition]},
    }


def pod(maker, number, **status):
    """The pod of a DaemonSet on node NUMBER, ready unless `status` says otherwise."""
    addresses = {"daemon": f"10.1.{number}.2", "web": f"10.1.{number}.3"}
    conditions = [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Ready")]
    return {
        "metadata": {
            "name": f"{maker}-x{number}",
            "labels": {workload.LABEL: f"podnet-{maker}"},
        },
        "spec": {"nodeName": f"node-{number}"},
        "status": {
            "podIP": addresses.get(maker, f"192.168.1.1{number}"),
            "conditions": conditions,
            **status,
        },
    }


class FakeCluster:
    """As `podnet.cluster.run` uses a cluster."""

    server = "https://192.0.2.1:6443"

    def __init__(self, nodes=2):
        self.listed = [node(f"node-{number}") for number in range(1, nodes + 1)]
        self.made, self.changes, self.silent = {}, [], {}
        self.lacking, self.pods_of, self.warnings = set(), None, []
        self.present = None
        self.stays = False

    def allows(self, right):
        return str(right) not in self.lacking

    def nodes(self):
        return self.listed

    def pods(self):
        if self.pods_of is not None:
            return self.pods_of
        return [
            pod(maker, number)
            for maker in workload.MAKERS
            for number in range(1, len(self.listed) + 1)
            if maker in self.made
        ]

    def events(self):
        return []

    def namespace(self):
        return self.present

    def create(self, manifest):
        self.changes.append(f"create {manifest['kind']}")
        self.made[manifest["metadata"]["name"]] = manifest
        if manifest["kind"] == "Namespace":
            self.present = manifest

    def delete_namespace(self):
        self.changes.append("delete Namespace")
        if not self.stays:
            self.present, self.made = None, {}

    def execute(self, place, _command, line, _seconds):
        name, container = place
        if name in self.silent:
            raise ExecError(self.silent[name])
        message = wire.unpack(line)
        maker, _, number = name.partition("-x")
        label = f"node-{number}" if maker == "node" else f"{maker}-{number}"
        labels = [] if maker == "node" else [f"{label}/{container}"]
        if container == "a":
            labels.append(label)
        return wire.pack(self._answer(message, labels, pod(maker, number)["status"]["podIP"]))

    @staticmethod
    def _answer(message, labels, address):
        if message["do"] == wire.DESCRIBE:
            values = {"address": address, "tcp": 1, "udp": 2, "mtu": 8951}
            return [wire.Listening(label=each, **values).to_json() for each in labels]
        if message["do"] == wire.ARRIVED:
            return []
        asked = wire.Plan.from_json(message["plan"]).questions_of(frozenset(labels))
        return {
            "reasons": [None],
            "results": [0] * sum(len(each.checks) for each in asked),
            "sent": {},
        }
