"""Writes a bundle: everything that is known of a lab and one of its stacks."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict
from ipaddress import IPv4Network
from typing import Any

from podnet.bundle.addresses import Addresses
from podnet.bundle.archive import Archive
from podnet.bundle.redaction import Redactor
from podnet.cli.bundle import api
from podnet.cli.bundle.write import Wanted, Written, opened
from podnet.cli.versions import versions
from podnet.lab.cloud import process
from podnet.lab.home import PROJECT, Home
from podnet.lab.host import preflight
from podnet.lab.machine.description import kernel
from podnet.lab.nodes.node import Node
from podnet.lab.operations.bundle import capture, nodes, secrets
from podnet.lab.stack import engine, overrides
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.settings import Settings
from podnet.system.commands import run
from podnet.system.deadline import within
from podnet.system.progress import Progress
from podnet.verify import planned
from podnet.world import saved
from podnet.world.model import World
from podnet.world.reader.calls import Api

NOWHERE = "http://127.0.0.1:9"
"""In place of the endpoint of a cloud that does not run; nothing is asked there."""
ANSWER_SECONDS = 5.0
NODES_SECONDS = 30.0


def write(home: Home, name: str, wanted: Wanted, note: Progress) -> Written:
    """Write the archive; what cannot be had is named in its manifest and in the answer."""
    endpoint = process.running(home)
    stack = LabStack(home, name, endpoint or NOWHERE)
    why_dead = _why_dead(endpoint)
    redactor = Redactor(_known(home, stack, why_dead))
    addresses = Addresses(_own_ranges(stack)) if wanted.hide_public_addresses else None
    with opened(wanted.output, name, redactor, addresses) as archive:
        _collect(archive, stack, why_dead, wanted, note)
    return Written.of(archive, redactor)


def _collect(
    archive: Archive, stack: LabStack, why_dead: str | None, wanted: Wanted, note: Progress
) -> None:
    home = stack.home
    note("settings and plan")
    _settings(archive, stack)
    _machine(archive, stack)
    note("the API's answers")
    world = api.collect(archive, _described(stack, why_dead))
    what = "the names of the SSM parameters, without their values"
    if why_dead:
        archive.lacks("api/parameters.json", what, why_dead)
    else:
        archive.attempt("api/parameters.json", what, lambda: within(NODES_SECONDS, _names(stack)))
    known = [] if why_dead else _known_nodes(archive, stack)
    found = list(nodes.processes(home, known))
    alive = [each.node for each in found if each.node]
    if wanted.capture_seconds:
        note(f"captures of {wanted.capture_seconds:.0f} s")
        capture.collect(archive, alive, wanted.capture_seconds, _ports(stack))
    for each in found:
        note(each.name)
        nodes.collect(archive, each, home)
    _absent(archive, world, {each.instance_id for each in found})


def _described(stack: LabStack, why_dead: str | None) -> api.Described:
    return api.Described(
        ec2=None if why_dead else stack.ec2,
        identity=stack.identity,
        place="the lab",
        why_dead=why_dead,
    )


def _names(stack: LabStack) -> Callable[[], object]:
    return lambda: list(Api(stack.ssm).all("describe_parameters", "Parameters"))


def _versions(stack: LabStack) -> dict[str, str]:
    return {**versions(), "kernel": kernel(stack.home)}


def _settings(archive: Archive, stack: LabStack) -> None:
    archive.attempt("versions.json", "of podnet and what it runs on", lambda: _versions(stack))
    archive.attempt(
        "plan/configuration.json",
        "the stack's file with the overrides of this lab",
        lambda: stack.project.config(stack.name, stack.config()),
    )
    archive.attempt(
        "plan/overrides.json",
        "the overrides of this lab",
        lambda: overrides.load(stack.home, stack.name),
    )
    settings: list[Settings] = []

    def parsed() -> object:
        settings.append(stack.settings())
        return {key: str(value) for key, value in asdict(settings[0]).items()}

    archive.attempt("plan/settings.json", "the settings as podnet reads them", parsed)
    archive.attempt(
        "plan/world.json",
        "the VPC that the settings give, before AWS names anything",
        lambda: saved.dumps(planned.world(settings[0] if settings else stack.settings())),
    )
    archive.attempt("plan/resources.json", "the engine's record", lambda: _resources(stack))


def _resources(stack: LabStack) -> object:
    """URNs and ids of the embedded engine's state; its values hold secrets, and stay away."""
    kind = engine.recorded(stack.home, stack.name)
    if kind is engine.EngineKind.PULUMI:
        return {"engine": str(kind), "resources": "in the state of the Pulumi CLI, not read"}
    state: dict[str, Any] = json.loads(stack.home.state(stack.name).read_text())
    listed = [
        {key: row.get(key) for key in ("urn", "id", "protect") if key in row}
        for row in state["resources"]
    ]
    return {"engine": str(kind), "resources": listed, "doubtful": state.get("doubtful")}


def _machine(archive: Archive, stack: LabStack) -> None:
    home = stack.home
    archive.attempt("lab/problems.json", "what this machine lacks", preflight.problems)
    archive.attempt(
        "lab/status.json",
        "the cloud's last pass",
        lambda: json.loads(home.cloud_status.read_text()),
    )
    archive.attempt(
        "lab/cloud.log", "the log of the cloud", lambda: home.cloud_log.read_text(errors="replace")
    )
    archive.attempt(
        "lab/namespaces.txt", "network namespaces of the lab", lambda: _namespaces(home)
    )
    archive.attempt("lab/commit.txt", "the commit of podnet", _commit)


def _namespaces(home: Home) -> str:
    lines = run("ip", "netns", "list", timeout=nodes.SECONDS).splitlines()
    return "\n".join(line for line in lines if home.id in line) + "\n"


def _commit() -> str:
    return run("git", "-C", str(PROJECT), "describe", "--always", "--dirty", timeout=nodes.SECONDS)


def _known(home: Home, stack: LabStack, why_dead: str | None) -> Iterator[str]:
    yield from secrets.of_machine(home, stack.name)
    if not why_dead:
        try:
            yield from secrets.of_api(stack)
        except Exception:  # noqa: BLE001  # those are found by their looks, as on a dead cloud
            return


def _why_dead(endpoint: str | None) -> str | None:
    """Why the API cannot be asked; None where it answers at all, be it with an error."""
    if endpoint is None:
        return "the lab's cloud does not run"
    try:
        with urllib.request.urlopen(endpoint, timeout=ANSWER_SECONDS):  # noqa: S310  # loopback
            return None
    except urllib.error.HTTPError:
        return None
    except OSError as error:
        return f"the lab's cloud at {endpoint} does not answer ({error})"


def _known_nodes(archive: Archive, stack: LabStack) -> list[Node]:
    try:
        return within(NODES_SECONDS, stack.running_nodes)
    except Exception as error:  # noqa: BLE001  # then they go by the ids of their instances
        archive.lacks("nodes", "the names of the nodes", error)
        return []


def _absent(archive: Archive, world: World | None, found: set[str]) -> None:
    """Name the instances that the API describes and that have left nothing on this machine."""
    for instance in world.instances if world else ():
        if instance.id not in found:
            archive.lacks(
                f"nodes/{instance.id}", "everything of the node", f"it is {instance.state}"
            )


def _own_ranges(stack: LabStack) -> list[IPv4Network]:
    """Ranges in which an address is the VPC's or a pod's, public or not."""
    try:
        settings = stack.settings()
    except Exception:  # noqa: BLE001  # then none is known, and all public addresses are replaced
        return []
    return [settings.vpc_cidr, settings.pod_cidr]


def _ports(stack: LabStack) -> frozenset[int]:
    """UDP ports at which packets are encapsulated."""
    try:
        return frozenset((stack.settings().node_routing.port,))
    except Exception:  # noqa: BLE001  # what VXLAN carries is then cut off as payload
        return frozenset()
