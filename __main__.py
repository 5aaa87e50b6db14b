"""The podnet program: from the settings of a stack to its components and exports."""

from podnet.components import exports, identity, instance_types, kubernetes, lookup, preview
from podnet.components.acknowledgements import Acknowledgements, AcknowledgementsArgs
from podnet.components.config import load_settings, plain_errors
from podnet.components.firewall import Firewall, FirewallArgs
from podnet.components.flow_logs import FlowLogs, FlowLogsArgs
from podnet.components.network import Network, NetworkArgs
from podnet.components.node_template import NodeTemplate
from podnet.components.nodes import Nodes, NodesArgs
from podnet.components.pod_routes import PodRoutes, PodRoutesArgs
from podnet.components.release import AssignedRelease, AssignedReleaseArgs, Release, ReleaseArgs
from podnet.components.routing_mode import RoutingMode, RoutingModeArgs
from podnet.components.routing_wait import RoutingWait
from podnet.components.tags import common
from podnet.plan.firewall import egress, ingress
from podnet.plan.kubernetes import CONTROL_PLANE_NODE
from podnet.plan.nodes import planned_nodes, planned_zones
from podnet.plan.settings import FirewallRules

with plain_errors():
    settings = load_settings()
    nodes_plan, zones = planned_nodes(settings), planned_zones(settings)
    stack = identity.current()
    tags = common(stack, settings.tags)
    kind = instance_types.look_up(settings.instance_type)
    template = NodeTemplate.of(settings, stack, kind)
    deployed = lookup.deployed(stack, settings, template)
    preview.announce(settings, stack, deployed, template, kind)

network_args = NetworkArgs(
    vpc_cidr=settings.vpc_cidr,
    zones=zones,
    instance_type=settings.instance_type,
    vpcs=deployed.vpcs,
    zone_names=settings.zone_names,
    tags=tags,
    nodes=nodes_plan,
)
network = Network("network", network_args)
rules = FirewallArgs(vpc_id=network.vpc_id, ingress=ingress(settings), egress=egress(), tags=tags)
firewall = Firewall("firewall", rules)
release_args = ReleaseArgs(stack=stack, settings=settings, after=[network.vpc], tags=tags)
release = Release("release", release_args)
said_args = AcknowledgementsArgs(stack=stack, nodes=nodes_plan, after=[network.vpc], tags=tags)
acknowledgements = Acknowledgements("acknowledgements", said_args)
cluster = kubernetes.parameters(settings, template, deployed, [network.vpc], tags)
nodes_args = NodesArgs(
    nodes=nodes_plan,
    subnet_ids=network.subnet_ids,
    security_group_id=firewall.security_group_id,
    template=template,
    reused=deployed.reusable - {*settings.roll},
    extra_security_groups=settings.extra_security_groups,
    extra_policies=settings.extra_policies,
    key_name=settings.key_name,
    protected=CONTROL_PLANE_NODE if settings.protects_control_plane else None,
    session_manager=settings.session_manager,
    release=release,
    acknowledgements=acknowledgements,
    cluster=cluster,
    depends_on=[network, firewall],
    tags=tags,
)
nodes = Nodes("nodes", nodes_args)
running = AssignedReleaseArgs(nodes=nodes_plan, instances=nodes.instances, release=release)
AssignedRelease("assigned-release", running)
routes_args = PodRoutesArgs(
    nodes=nodes_plan,
    interface_ids=nodes.interface_ids,
    route_table_ids=network.route_table_ids,
    vpc=network.vpc,
    tables=deployed.tables,
)
pod_routes = [PodRoutes("pod-routes", routes_args)] if settings.routes_in_vpc else []
wait = RoutingWait(
    stack=stack,
    nodes=nodes_plan,
    routing=settings.node_routing.tag(),
    timeout_seconds=settings.settle_timeout,
    doubted=deployed.said,
)
mode_args = RoutingModeArgs(
    nodes=nodes_plan,
    instances=nodes.instances,
    routing=settings.node_routing.tag(),
    wait=wait,
    vpc=network.vpc,
    firewall=firewall,
    is_exclusive=settings.firewall is FirewallRules.EXCLUSIVE,
    after=pod_routes,
)
RoutingMode("routing-mode", mode_args)
if cluster:
    kubernetes.deploy(settings, cluster, nodes)
if recorded := settings.flow_logs.traffic_type:
    flow_logs_args = FlowLogsArgs(
        stack=stack,
        vpc=network.vpc,
        traffic_type=recorded,
        retention_days=settings.flow_log_retention_days,
        tags=tags,
    )
    exports.publish_flow_logs(FlowLogs("flow-logs", flow_logs_args))
exports.publish(settings, template, nodes_plan, network, nodes)
