"""The report of `podnet status`: nodes, members of a cluster, unmanaged routes, overrides."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from subprocess import TimeoutExpired

from rich.table import Table

from podnet.cli.console import out
from podnet.cli.render import table
from podnet.errors import UserError
from podnet.lab.kubernetes.cluster import Cluster
from podnet.lab.kubernetes.members import Member
from podnet.lab.kubernetes.pods import Object
from podnet.lab.machine.description import kernel
from podnet.lab.nodes.agent_state import agent_state
from podnet.lab.nodes.discovery import why_not_ready
from podnet.lab.nodes.node import Node
from podnet.lab.nodes.pods import Pods
from podnet.lab.nodes.pods.leases import free_addresses
from podnet.lab.stack import overrides
from podnet.lab.stack.expected import absent_nodes
from podnet.lab.stack.inventory import (
    NodeRecord,
    Template,
    applied_routing,
    node_records,
    unmanaged_in_vpc,
    unmanaged_on_node,
)
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan import network_policy
from podnet.plan.address import AddressPlan
from podnet.plan.names import node_number
from podnet.plan.nodes import planned_nodes
from podnet.plan.outdated import outdated
from podnet.plan.settings import Settings
from podnet.userdata.release import short


def show_status(stack: LabStack) -> None:
    """Print all that is known of a stack."""
    settings, cluster = stack.settings(), stack.cluster()
    running = {node.instance_id: node for node in stack.running_nodes()}
    out.print(nodes_table(stack, running, with_pods=cluster is None))
    if cluster:
        _show_members(cluster, settings)
    for line in agent_problems(running.values()):
        out.print(line, style="yellow", markup=False)
    unmanaged = [*unmanaged_in_vpc(stack, settings)]
    for node in running.values():
        unmanaged += unmanaged_on_node(node, settings)
    for route in unmanaged:
        out.print(f"unmanaged route in the pod range, left alone: {route}", style="yellow")
    for key, value in stack.overrides().items():
        out.print(f"override in this lab: {key} = {value}")
    out.print(f"kernel: {kernel(stack.home)}")
    if stack.home.patience > 1:
        for key in overrides.PATIENCE:
            out.print(f"default in this lab: {key} = {overrides.of_lab(stack.home)[key]}")
    report = json.loads(stack.home.cloud_status.read_text())
    out.print(
        f"cloud: {stack.endpoint}, subnets of kind {stack.home.fabric}, "
        f"last error: {report.get('error') or 'none'}"
    )


def nodes_table(stack: LabStack, running: Mapping[str, Node], *, with_pods: bool) -> Table:
    """A row a node; `running` maps instance ids."""
    template, plan = Template.of(stack), stack.settings().addresses
    headers = ("node", "instance", "addresses", "routing", "files", "template", "agent")
    rows = table(*headers, "pods") if with_pods else table(*headers)
    for record in node_records(stack).values():
        node = running.get(record.instance_id)
        agent = _agent(node) if node else record.state
        pods = [_pods(node, plan)] if with_pods else []
        rows.add_row(
            record.name,
            record.instance_id,
            f"{record.address}\n{(node and node.public_address) or 'no public one'}",
            _routing(record, node),
            _files(record, node),
            _template(record, template),
            agent,
            *pods,
        )
    for name in absent_nodes(stack):
        rows.add_row(name, "[yellow]missing[/]", *[""] * (len(headers) - 2), *[""] * with_pods)
    return rows


def _agent(node: Node) -> str:
    if not (reason := why_not_ready(node)):
        return "ready"
    state = agent_state(node)
    # Below the table there is room for what the agent says itself.
    return "not ready" if state and state.problems else reason


def agent_problems(nodes: Iterable[Node]) -> Iterator[str]:
    """A line for each problem that the agents name."""
    for node in nodes:
        if state := agent_state(node):
            yield from (f"{node.name} is not ready: {problem}" for problem in state.problems)
            yield from (f"{node.name}: {warning}" for warning in state.warnings)


def _routing(record: NodeRecord, node: Node | None) -> str:
    applied = applied_routing(node) if node else record.routing
    text = applied.replace(" ", "\n", 1)
    if applied != record.routing:
        text += f"\n[yellow]assigned: {record.routing}[/]"
    return text


def _files(record: NodeRecord, node: Node | None) -> str:
    """The release that a node runs, and the one that it is to run where that is another."""
    state = agent_state(node) if node else None
    running, assigned = (
        short(state.files) if state else "none",
        short(record.files),
    )
    return running if running == assigned else f"{running}\n[yellow]assigned: {assigned}[/]"


def _template(record: NodeRecord, template: Template) -> str:
    parts = outdated(record, template)
    user_data, image, type_ = (
        "[yellow]outdated[/]" if part in parts else ""
        for part in ("user data", "image", "instance type")
    )
    # An image's id and the remark do not fit into one line of the column.
    lines = (
        f"{record.version} {user_data}",
        record.image_id,
        image,
        f"{record.instance_type} {type_}",
    )
    return "\n".join(line.rstrip() for line in lines if line)


def _pods(node: Node | None, plan: AddressPlan) -> str:
    if node is None:
        return "none"
    pods = [f"{pod.name} {pod.address}" for pod in Pods(node).list()] or ["none"]
    return "\n".join([*pods, f"{free_addresses(node, plan.block(node.address))} addresses free"])


def _show_members(cluster: Cluster, settings: Settings) -> None:
    rows = table("Node object", "state", "kubelet", "podCIDR", "pods")
    try:
        members_table(cluster, settings, rows)
        lines = [] if settings.preset else [*unenforced(cluster)]
    except (UserError, TimeoutExpired) as error:
        out.print(f"the cluster does not answer: {error}", style="yellow", markup=False)
    else:
        out.print(rows)
        for line in lines:
            out.print(line, style="yellow", markup=False)


def unenforced(cluster: Cluster) -> Iterator[str]:
    """A line where the cluster has NetworkPolicy objects that nothing enforces."""
    found = cluster.network_policies()
    if remark := network_policy.unenforced(found, found.engine):
        yield remark.text


def members_table(cluster: Cluster, settings: Settings, rows: Table) -> None:
    """Add a row for each Node object, and for each node that has none."""
    found, pods = cluster.members(), pods_by_node(cluster)
    wanted = [node.name for node in planned_nodes(settings)]
    for name in [*wanted, *(each for each in found if each not in wanted)]:
        member = found.get(name)
        if member is None:
            rows.add_row(name, "[yellow]has not joined[/]", "", "", "")
            continue
        state = member.why_not_ready or ("Ready" if member.schedulable else "Ready, drained")
        listed = "\n".join(pods.get(name, ())) or "none"
        rows.add_row(name, state, member.version, _block(member, settings), listed)


def _block(member: Member, settings: Settings) -> str:
    number = node_number(member.name)
    plan = settings.addresses
    try:
        by_rule = str(plan.block(plan.node(number or 0)))
    except ValueError:
        return f"{member.block} [yellow]no node of this stack[/]"
    if member.block == by_rule:
        return f"{member.block} (by the rule)"
    return f"{member.block or 'none yet'} [yellow]the rule says {by_rule}[/]"


def pods_by_node(cluster: Cluster) -> Mapping[str, list[str]]:
    """A line for each pod that has an address of its own, by node."""
    lines: dict[str, list[str]] = {}
    for item in cluster.pods():
        if not item["spec"].get("hostNetwork"):
            lines.setdefault(item["spec"].get("nodeName", ""), []).append(_line(item))
    return {node: sorted(each) for node, each in lines.items()}


def _line(item: Object) -> str:
    meta, status = item["metadata"], item["status"]
    return f"{meta['namespace']}/{meta['name']} {status.get('podIP') or status['phase']}"
