"""Reconciles this machine with the API: the fabric, the services and the instances."""

from __future__ import annotations

import json
import logging
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from podnet.lab.clients import Client, Clients
from podnet.lab.cloud.api.call import Call
from podnet.lab.cloud.fabric import Fabric
from podnet.lab.cloud.instances.cgroups import Cgroups
from podnet.lab.cloud.instances.fleet import Fleet, Wanted
from podnet.lab.cloud.services.credentials import Credentials
from podnet.lab.cloud.services.fault_injection import MetadataFaults
from podnet.lab.cloud.services.internet import PublicEndpoint
from podnet.lab.cloud.services.services import Services
from podnet.lab.cloud.world.observe import merge, observe
from podnet.lab.home import Home
from podnet.lab.images.root import Root
from podnet.system.files import write_atomically
from podnet.world.model import World

LOG = logging.getLogger("podnet.lab.cloud")

STARTING_SECONDS = 0.05
"""Time between polls while a machine is about to change by itself."""
RETRY_SECONDS = 1.0
IDLE_SECONDS = 10.0
APPLY_SECONDS = 20.0
"""Longest wait of a caller of `wait_until_applied`."""
RUNNING = ("pending", "running")


class StatusFile:
    """A JSON file with the status and the time of its last change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: dict[str, Any] = {}

    def write(self, status: dict[str, Any]) -> None:
        """Write the status unless the file holds it already."""
        if status == self._written:
            return
        self._written = status
        text = json.dumps({"time": datetime.now(UTC).isoformat(), **status}, indent=2)
        write_atomically(self._path, text)


class Reconciler:
    """Runs in the main thread; others call `changed`, `wait_until_applied` and `end`."""

    def __init__(
        self, home: Home, endpoint: str, root: Callable[[str], Root], cgroups: Cgroups
    ) -> None:
        self._clients = Clients(endpoint)
        self._status_file = StatusFile(home.cloud_status)
        self._fabric = Fabric(home)
        self._fleet = Fleet(home.instances, root, cgroups, lambda: self._wake.put("exit"))
        credentials = Credentials(lambda region: self._clients.get("sts", region))
        self.metadata_faults = MetadataFaults()
        self._services = Services(
            self._fabric.vpc_namespace, self._user_data, credentials.of, self.metadata_faults
        )
        # Its `put` may be called from a signal handler too.
        self._wake: SimpleQueue[str] = SimpleQueue()
        self._orders: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._regions: set[str] = set()
        self._world = World()
        self._changes = self._applied = 0
        self._counted = threading.Condition()
        self._errors: dict[str, str] = {}

    def changed(self, call: Call) -> None:
        """Take note of a call that changed something."""
        if call.action in ("RebootInstances", "StopInstances"):
            for instance_id in call.values_of("InstanceId"):
                self._orders.put((call.action, instance_id))
        with self._counted:
            self._changes += 1
            if call.service == "ec2":
                self._regions.add(call.region)
        self._wake.put("change")

    def wait_until_applied(self) -> bytes:
        """The status as JSON, once every change before this call is applied or time is up."""
        with self._counted:
            wanted = self._changes
            current = self._counted.wait_for(lambda: self._applied >= wanted, APPLY_SECONDS)
            return json.dumps({"current": current, **self._status()}).encode()

    def end(self) -> None:
        """Make `run` return."""
        self._wake.put("end")

    def run(self, endpoint: PublicEndpoint) -> None:
        """Reconcile after every change until `end` is called."""
        self._pass(endpoint)
        while True:
            woken = self._wait()
            if "end" in woken:
                break
            with self._stage("poll"):
                self._report_halted(self._fleet.poll())
            if woken or self._errors or self._fleet.needs_change(self._wanted()):
                self._pass(endpoint)
            self._status_file.write(self._status())
        endpoint.close()
        self._services.close()

    def _wait(self) -> set[str]:
        if self._errors:
            timeout = RETRY_SECONDS
        else:
            timeout = STARTING_SECONDS if self._fleet.waits else IDLE_SECONDS
        woken: set[str] = set()
        try:
            woken.add(self._wake.get(timeout=timeout))
            while True:
                woken.add(self._wake.get_nowait())
        except Empty:
            return woken

    def _pass(self, endpoint: PublicEndpoint) -> None:
        with self._counted:
            changes, regions = self._changes, sorted(self._regions)
        self._errors = {}
        with self._stage("observe"):
            self._world = merge(
                [
                    observe(self._clients.get("ec2", region), self._clients.get("iam", region))
                    for region in regions
                ]
            )
        with self._stage("instances"):
            # Before the fabric takes their interfaces away.
            self._fleet.destroy_except(
                [instance.id for instance in self._world.instances if not instance.gone]
            )
            self._carry_out_orders()
        with self._stage("fabric"):
            self._fabric.apply(self._world)
        with self._stage("services"):
            endpoint.update()
            self._services.update(self._world)
        if not self._errors:
            with self._stage("instances"):
                self._fleet.reconcile(self._wanted())
        self._status_file.write(self._status())
        with self._counted:
            self._applied = changes
            self._counted.notify_all()

    def _carry_out_orders(self) -> None:
        while not self._orders.empty():
            action, instance_id = self._orders.get()
            if action == "RebootInstances":
                self._fleet.reboot(instance_id)
            else:
                self._fleet.stop(instance_id)

    def _wanted(self) -> dict[str, Wanted]:
        return {
            instance.id: Wanted(
                running=instance.state in RUNNING,
                namespace=self._fabric.port(instance.eni_ids[0]),
                image_id=instance.image_id,
            )
            for instance in self._world.instances
            if not instance.gone and instance.eni_ids
        }

    def _report_halted(self, instance_ids: list[str]) -> None:
        """Report to the API that instances powered themselves off, which AWS sees by itself."""
        for instance_id in instance_ids:
            ec2 = self._ec2_of(instance_id)
            behavior = ec2.describe_instance_attribute(
                InstanceId=instance_id, Attribute="instanceInitiatedShutdownBehavior"
            )
            if behavior["InstanceInitiatedShutdownBehavior"]["Value"] == "terminate":
                ec2.terminate_instances(InstanceIds=[instance_id])
            else:
                ec2.stop_instances(InstanceIds=[instance_id])
            self._fleet.acknowledge_halt(instance_id)

    def _user_data(self, instance_id: str) -> bytes | None:
        found = self._ec2_of(instance_id).describe_instance_attribute(
            InstanceId=instance_id, Attribute="userData"
        )
        raw = found["UserData"].get("Value")
        return b64decode(raw) if raw else None

    def _ec2_of(self, instance_id: str) -> Client:
        return self._clients.get("ec2", self._world.instance(instance_id).region)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Record an error, so that one broken part does not stop the others."""
        try:
            yield
        except Exception as error:  # shown in the status, logged, and tried again
            LOG.exception("%s failed; it is tried again", name)
            self._errors[name] = f"{name}: {error}"

    def _status(self) -> dict[str, Any]:
        return {
            "error": "; ".join(self._errors.values()) or None,
            "applied": self._applied,
            "instances": self._fleet.report(),
        }
