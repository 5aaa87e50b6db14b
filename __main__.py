"""The podnet program: from the settings of a stack to its components and exports."""

import pulumi

import userdata
from components import exports
from components.config import plain_errors, stack_config
from components.firewall import Firewall, FirewallArgs
from components.network import Network, NetworkArgs
from components.nodes import Nodes, NodesArgs
from components.pod_routes import PodRoutes, PodRoutesArgs
from components.tags import common
from plan import firewall as rules
from plan import nodes as plan
from plan.routing import RoutingMode
from plan.settings import Settings

with plain_errors():
    settings = Settings.from_config(stack_config())
    user_data = userdata.render(settings)
    planned = plan.nodes(settings)
    tags = common(pulumi.get_stack(), settings.tags)

network = Network(
    "network", NetworkArgs(vpc_cidr=settings.vpc_cidr, zones=plan.zones(settings), tags=tags)
)

firewall = Firewall(
    "firewall",
    FirewallArgs(
        vpc_id=network.vpc_id, ingress=rules.ingress(settings), egress=rules.egress(), tags=tags
    ),
)

nodes = Nodes(
    "nodes",
    NodesArgs(
        nodes=planned,
        subnet_ids=network.subnet_ids,
        security_group_id=firewall.security_group_id,
        instance_type=settings.instance_type,
        image_id=settings.image_id,
        user_data=user_data,
        session_manager=settings.session_manager,
        boot_after=[network, firewall],
        tags=tags,
    ),
)

if settings.routing is RoutingMode.VPC_ROUTES:
    routes = PodRoutesArgs(
        nodes=planned, interface_ids=nodes.interface_ids, route_table_ids=network.route_table_ids
    )
    PodRoutes("pod-routes", routes)

for name, value in exports.of_stack(settings, planned, network, nodes).items():
    pulumi.export(name, value)
