"""What stands in for the kubelets of nodes, since no node boots for these tests."""

from __future__ import annotations

import contextlib
import threading
import time

from podnet.lab.providers.kubernetes.api import Kind
from podnet.lab.providers.kubernetes.server import Server
from podnet.lab.providers.protocol import ProviderError

NODE, POD = Kind("v1", "Node"), Kind("v1", "Pod")


class Nodes:
    """Plays the kubelets: what is scheduled runs, or not, as a test wants it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.good = True
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._play)

    def __enter__(self):
        self.server.apply(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": "node-1", "labels": {"kubernetes.io/os": "linux"}},
            },
            None,
            force=True,
        )
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        self._thread.join()
        self.server.delete(NODE, "node-1", None, "Background")

    def _play(self) -> None:
        while not self._done.wait(0.1):
            # A pod may go between two calls.
            with contextlib.suppress(ProviderError):
                for pod in self.server.listed(POD, None):
                    self._keep(pod)

    def _keep(self, pod) -> None:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        if "deletionTimestamp" in pod["metadata"]:
            self._call(
                "delete", POD, name=name, namespace=namespace, body={"gracePeriodSeconds": 0}
            )
            return
        image = pod["spec"]["containers"][0]["image"]
        play = PLAYED.get(image.partition(":")[0], _running if self.good else _waiting)
        wanted = play(pod)
        if pod["status"].get("containerStatuses") != wanted["containerStatuses"]:
            self._call(
                "patch",
                POD,
                name=name,
                namespace=namespace,
                subresource="status",
                body={"status": wanted},
                content_type="application/merge-patch+json",
            )

    def _call(self, verb: str, kind: Kind, *, subresource: str = "", **given) -> None:
        resource = self.server._resource(kind)  # noqa: SLF001
        path = resource.path(name=given["name"], namespace=given["namespace"])
        client = self.server._client  # noqa: SLF001
        self.server._call(  # noqa: SLF001
            lambda: client.request(
                verb,
                f"{path}/{subresource}".rstrip("/"),
                body=given["body"],
                content_type=given.get("content_type", "application/json"),
            )
        )


def _running(pod):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": now}],
        "containerStatuses": [_status(pod, ready=True, state={"running": {"startedAt": now}})],
    }


def _waiting(pod):
    return {
        "phase": "Pending",
        "conditions": [
            {"type": "PodScheduled", "status": "True"},
            {"type": "Initialized", "status": "True"},
            {
                "type": "Ready",
                "status": "False",
                "reason": "ContainersNotReady",
                "message": "containers with unready status: [main]",
            },
        ],
        "containerStatuses": [
            _status(
                pod,
                ready=False,
                state={"waiting": {"reason": "ErrImagePull", "message": "no such image"}},
            )
        ],
    }


def _ending(pod):
    """Again and again."""
    ended = {"exitCode": 3, "reason": "Error", "finishedAt": "2026-01-02T03:04:05Z"}
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
    status = _status(pod, ready=False, state={"waiting": waiting})
    return {
        **_waiting(pod),
        "phase": "Running",
        "containerStatuses": [
            {**status, "lastState": {"terminated": {**ended, "startedAt": None}}}
        ],
    }


def _status(pod, *, ready, state):
    container = pod["spec"]["containers"][0]
    # Without a time of its own, so that what is kept compares equal.
    state = {"running": {}} if "running" in state else state
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": ready,
        "restartCount": 0,
        "state": state,
        "started": ready,
        "lastState": {},
    }


PLAYED = {"pulling": _waiting, "ending": _ending}
"""What becomes of pods with these images, whatever else is played."""
