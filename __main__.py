"""The podnet program: from the settings of a stack to its components and exports."""

import pulumi

from podnet.components import exports, kubernetes, lookup, preview
from podnet.components.config import load_settings, plain_errors
from podnet.components.firewall import Firewall, FirewallArgs
from podnet.components.network import Network, NetworkArgs
from podnet.components.node_template import NodeTemplate
from podnet.components.nodes import Nodes, NodesArgs
from podnet.components.pod_routes import PodRoutes, PodRoutesArgs
from podnet.components.routing_mode import RoutingMode, RoutingModeArgs
from podnet.components.tags import common
from podnet.plan.firewall import egress, ingress
from podnet.plan.nodes import planned_nodes, planned_zones

with plain_errors():
    settings = load_settings()
    nodes_plan, zones = planned_nodes(settings), planned_zones(settings)
    stack = pulumi.get_stack()
    tags = common(stack, settings.tags)
    template = NodeTemplate.of(settings, stack)
    deployed = lookup.deployed(stack, settings, template)
    preview.announce(settings, deployed, template)

network_args = NetworkArgs(
    vpc_cidr=settings.vpc_cidr, zones=zones, instance_type=settings.instance_type, tags=tags
)
network = Network("network", network_args)
rules = FirewallArgs(vpc_id=network.vpc_id, ingress=ingress(settings), egress=egress(), tags=tags)
firewall = Firewall("firewall", rules)
cluster = kubernetes.parameters(settings, template, deployed, tags)
nodes_args = NodesArgs(
    nodes=nodes_plan,
    subnet_ids=network.subnet_ids,
    security_group_id=firewall.security_group_id,
    template=template,
    reused=deployed.reusable - {*settings.roll},
    key_name=settings.key_name,
    session_manager=settings.session_manager,
    cluster=cluster,
    depends_on=[network, firewall],
    tags=tags,
)
nodes = Nodes("nodes", nodes_args)
routes_args = PodRoutesArgs(
    nodes=nodes_plan, interface_ids=nodes.interface_ids, route_table_ids=network.route_table_ids
)
pod_routes = [PodRoutes("pod-routes", routes_args)] if settings.routes_in_vpc else []
mode_args = RoutingModeArgs(
    nodes=nodes_plan,
    instances=nodes.instances,
    routing=settings.node_routing.tag(),
    wait_seconds=settings.switch_wait_seconds if deployed.routing_differs else 0,
    vpc=network.vpc,
    firewall=firewall,
    after=pod_routes,
)
RoutingMode("routing-mode", mode_args)
if cluster:
    kubernetes.deploy(settings, cluster, nodes)
exports.publish(settings, template, nodes_plan, network, nodes)
