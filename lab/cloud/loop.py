"""From what the API says to what this machine does: fabric, services and instances in step."""

from __future__ import annotations

import json
import logging
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any

import boto3  # type: ignore[import-untyped]

from lab.cloud import facts as facts_of
from lab.cloud.call import Call
from lab.cloud.credentials import Credentials
from lab.cloud.facts import Facts
from lab.cloud.internet import Internet
from lab.cloud.services import Services
from lab.cloud.worlds import merge
from lab.fabric import Fabric
from lab.home import Home
from lab.instances.cgroups import Cgroups
from lab.instances.fleet import Fleet, Wanted
from lab.instances.root import Root
from lab.model import World
from lab.observe import observe

LOG = logging.getLogger("lab.cloud")

STARTING_SECONDS = 0.05
"""How often a machine is looked at that is about to change by itself."""
RETRY_SECONDS = 1.0
IDLE_SECONDS = 10.0
SETTLE_SECONDS = 20.0
RUNNING = ("pending", "running")
GONE = ("shutting-down", "terminated")


class Loop:
    """Runs in the main thread; what other threads call is `changed`, `settled` and `end`."""

    def __init__(
        self, home: Home, endpoint: str, root: Callable[[str], Root], cgroups: Cgroups
    ) -> None:
        self._home = home
        self._endpoint = endpoint
        self._fabric = Fabric(home)
        self._fleet = Fleet(home.instances, root, cgroups, lambda: self._wake.put("exit"))
        credentials = Credentials(lambda region: self._client("sts", region))
        self._services = Services(self._fabric.vpc_namespace, self._user_data, credentials.of)
        # Its `put` may be called from a signal handler too.
        self._wake: SimpleQueue[str] = SimpleQueue()
        self._orders: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._regions: set[str] = set()
        self._clients: dict[tuple[str, str], Any] = {}
        self._world = World()
        self._facts = Facts()
        self._changes = self._applied = 0
        self._step = threading.Condition()
        self._errors: dict[str, str] = {}
        self._written = ""

    def changed(self, call: Call) -> None:
        """A call changed something."""
        if call.action in ("RebootInstances", "StopInstances"):
            for instance_id in call.values_of("InstanceId"):
                self._orders.put((call.action, instance_id))
        with self._step:
            self._changes += 1
            if call.service == "ec2":
                self._regions.add(call.region)
        self._wake.put("change")

    def settled(self) -> bytes:
        """The status, once everything changed before this call has been applied."""
        with self._step:
            wanted = self._changes
            self._step.wait_for(lambda: self._applied >= wanted, SETTLE_SECONDS)
            return json.dumps({"settled": self._applied >= wanted, **self._status()}).encode()

    def end(self) -> None:
        """Make `run` return."""
        self._wake.put("end")

    def run(self, internet: Internet) -> None:
        """Keep everything in step until `end` is called."""
        self._pass(internet)
        while True:
            woken = self._wait()
            if "end" in woken:
                break
            with self._stage("poll"):
                self._report_halted(self._fleet.poll())
            if woken or self._errors or self._fleet.out_of_step(self._wanted()):
                self._pass(internet)
            self._write_status()
        internet.close()
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

    def _pass(self, internet: Internet) -> None:
        with self._step:
            changes, regions = self._changes, sorted(self._regions)
        self._errors = {}
        with self._stage("observe"):
            self._world = merge([observe(self._client("ec2", region)) for region in regions])
            self._facts = facts_of.merge(
                [
                    facts_of.read(self._client("ec2", region), self._client("iam", region))
                    for region in regions
                ]
            )
        with self._stage("instances"):
            # Before the fabric takes their interfaces away.
            self._fleet.retire(
                [instance.id for instance in self._world.instances if instance.state not in GONE]
            )
            self._carry_out_orders()
        with self._stage("fabric"):
            self._fabric.apply(self._world)
        with self._stage("services"):
            internet.update()
            self._services.update(self._facts)
        if not self._errors:
            with self._stage("instances"):
                self._fleet.reconcile(self._wanted())
        self._write_status()
        with self._step:
            self._applied = changes
            self._step.notify_all()

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
            if instance.state not in GONE and instance.eni_ids
        }

    def _report_halted(self, instance_ids: list[str]) -> None:
        """Tell the API what AWS would know by itself: an instance powered itself off."""
        for instance_id in instance_ids:
            ec2 = self._client("ec2", self._facts.instances[instance_id].region)
            behavior = ec2.describe_instance_attribute(
                InstanceId=instance_id, Attribute="instanceInitiatedShutdownBehavior"
            )
            if behavior["InstanceInitiatedShutdownBehavior"]["Value"] == "terminate":
                ec2.terminate_instances(InstanceIds=[instance_id])
            else:
                ec2.stop_instances(InstanceIds=[instance_id])
            self._fleet.halt_is_known(instance_id)

    def _user_data(self, instance_id: str) -> bytes | None:
        ec2 = self._client("ec2", self._facts.instances[instance_id].region)
        found = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
        raw = found["UserData"].get("Value")
        return b64decode(raw) if raw else None

    def _client(self, service: str, region: str) -> Any:  # noqa: ANN401  # boto3 has no static type
        if (service, region) not in self._clients:
            self._clients[service, region] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self._endpoint,
                aws_access_key_id="lab",
                aws_secret_access_key="lab",
            )  # noqa: S106  # opens nothing
        return self._clients[service, region]

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Note an error, so that one broken part does not take the others down."""
        try:
            yield
        except Exception as error:  # told in status.json, logged, and tried again
            LOG.exception("%s failed; it is tried again", name)
            self._errors[name] = f"{name}: {error}"

    def _status(self) -> dict[str, Any]:
        return {
            "error": "; ".join(self._errors.values()) or None,
            "applied": self._applied,
            "instances": self._fleet.report(),
        }

    def _write_status(self) -> None:
        status = self._status()
        if (text := json.dumps(status)) == self._written:
            return
        self._written = text
        draft = self._home.directory / "status.json.new"
        draft.write_text(json.dumps({"time": datetime.now(UTC).isoformat(), **status}, indent=2))
        draft.rename(self._home.directory / "status.json")
