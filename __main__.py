"""The podnet program: from the settings of a stack to its components and exports."""

import pulumi

from components import exports, kubernetes, lookup, words
from components.build import Build
from components.config import plain_errors, stack_config
from components.firewall import Firewall, FirewallArgs
from components.network import Network, NetworkArgs
from components.nodes import Nodes, NodesArgs
from components.pod_routes import PodRoutes, PodRoutesArgs
from components.routing_mode import RoutingMode, RoutingModeArgs
from components.tags import common
from plan import firewall as rules
from plan import nodes as plan
from plan.settings import Settings

with plain_errors():
    settings = Settings.from_config(stack_config())
    planned, zones = plan.nodes(settings), plan.zones(settings)
    stack = pulumi.get_stack()
    tags = common(stack, settings.tags)
    build = Build.of(settings, stack)
    deployed = lookup.deployed(stack, settings, build)
    words.say(settings, deployed)

network = Network("network", NetworkArgs(vpc_cidr=settings.vpc_cidr, zones=zones, tags=tags))
wall = FirewallArgs(
    vpc_id=network.vpc_id, ingress=rules.ingress(settings), egress=rules.egress(), tags=tags
)
firewall = Firewall("firewall", wall)
clusters = kubernetes.prepare(settings, build, deployed, tags)
machines = NodesArgs(
    nodes=planned,
    subnet_ids=network.subnet_ids,
    security_group_id=firewall.security_group_id,
    instance_type=settings.instance_type,
    build=build,
    kept=deployed.kept - {*settings.roll},
    session_manager=settings.session_manager,
    cluster=clusters[0] if clusters else None,
    boot_after=[network, firewall, *clusters],
    tags=tags,
)
nodes = Nodes("nodes", machines)
after: list[pulumi.Resource] = []
if settings.routes_in_vpc:
    routes = PodRoutesArgs(
        nodes=planned, interface_ids=nodes.interface_ids, route_table_ids=network.route_table_ids
    )
    after.append(PodRoutes("pod-routes", routes))
order = RoutingModeArgs(
    nodes=planned,
    instance_ids=nodes.instance_ids,
    routing=settings.node_routing.tag(),
    settle=deployed.switches,
    vpc_id=network.vpc_id,
    firewall=firewall,
    after=after,
)
RoutingMode("routing-mode", order)
for cluster in clusters:
    kubernetes.finish(settings, cluster, nodes)
exports.publish(settings, build, planned, network, nodes)
