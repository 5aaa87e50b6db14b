"""The nodes: their role, and one instance each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import roles
from components.build import Build
from components.cluster import Cluster
from components.tags import NETWORK, NODE, ROUTING, VERSION, named, path
from plan.nodes import Node, control_plane


@dataclass(frozen=True, kw_only=True, slots=True)
class NodesArgs:
    """What `Nodes` are made from."""

    nodes: tuple[Node, ...]
    """The nodes as planned."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """The subnet of each zone, by the letter of the zone."""
    security_group_id: pulumi.Input[str]
    """The group that all nodes are in."""
    instance_type: str
    """The EC2 type of every node."""
    build: Build
    """What a node is made with."""
    kept: Collection[str]
    """Names of the nodes that stay with the image and the files they were made with."""
    session_manager: bool
    """Whether Session Manager can open a shell on the nodes."""
    cluster: Cluster | None = None
    """What makes a cluster of the nodes, if they shall be one."""
    boot_after: Sequence[pulumi.Resource]
    """What must be there before a node boots, since it fetches packages at once."""
    tags: Mapping[str, str]
    """Tags of every resource."""


class Nodes(pulumi.ComponentResource):
    """Instances with fixed addresses that may forward packets of pods."""

    instance_ids: Mapping[str, pulumi.Output[str]]
    """The instance of each node, by the name of the node."""
    interface_ids: Mapping[str, pulumi.Output[str]]
    """The network interface of each node, by the name of the node."""
    private_addresses: Mapping[str, pulumi.Output[str]]
    """The address in the VPC of each node, by the name of the node."""
    public_addresses: Mapping[str, pulumi.Output[str]]
    """The address on the internet of each node, by the name of the node."""

    def __init__(
        self,
        name: str,
        args: NodesArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:Nodes", name, None, opts)
        self._args = args
        profiles = self._profiles()
        instances = {node.name: self._instance(node, profiles[node.name]) for node in args.nodes}
        self.instance_ids = {node: instance.id for node, instance in instances.items()}
        self.interface_ids = {
            node: instance.primary_network_interface_id for node, instance in instances.items()
        }
        self.private_addresses = {node: instance.private_ip for node, instance in instances.items()}
        self.public_addresses = {node: instance.public_ip for node, instance in instances.items()}
        self.register_outputs(
            {
                "instanceIds": self.instance_ids,
                "interfaceIds": self.interface_ids,
                "privateAddresses": self.private_addresses,
                "publicAddresses": self.public_addresses,
            }
        )

    def _profiles(self) -> dict[str, aws.iam.InstanceProfile]:
        """What each node may do, by its name; a control plane may do other things than the rest."""
        args, name = self._args, self.pulumi_resource_name

        def role(what: str, cluster: pulumi.Input[str] | None) -> roles.RoleArgs:
            return roles.RoleArgs(
                what=what,
                session_manager=args.session_manager,
                cluster=cluster,
                tags=args.tags,
            )

        cluster = args.cluster
        worn = roles.profile(name, role("nodes", cluster.nodes_policy if cluster else None), self)
        profiles = dict.fromkeys((node.name for node in args.nodes), worn)
        if cluster is not None:
            profiles[control_plane(args.nodes).name] = roles.profile(
                f"{name}-control-plane", role("control-plane", cluster.control_plane_policy), self
            )
        return profiles

    def _instance(self, node: Node, profile: aws.iam.InstanceProfile) -> aws.ec2.Instance:
        args = self._args
        return aws.ec2.Instance(
            f"{self.pulumi_resource_name}-{node.zone.name}-{node.name}",
            ami=args.build.image_id,
            instance_type=args.instance_type,
            iam_instance_profile=profile.name,
            subnet_id=args.subnet_ids[node.zone.name],
            private_ip=str(node.address),
            associate_public_ip_address=True,
            vpc_security_group_ids=[args.security_group_id],
            # With the check on, the interface drops every packet whose source or destination
            # is a pod's address. It is set here and not on an interface of our own, since the
            # provider turns it on again for those at every second update
            # (terraform-provider-aws#44768).
            source_dest_check=False,
            user_data_base64=args.build.user_data,
            user_data_replace_on_change=True,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "enabled",
            },
            root_block_device={
                "volume_type": "gp3",
                "encrypted": True,
                "tags": named(args.tags, node.name),
            },
            tags=named(args.tags, node.name, **self._own_tags(node)),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*args.boot_after],
                # The fixed address is free again only when the old instance is gone.
                delete_before_replace=True,
                replace_on_changes=[path(NETWORK), "instance_type"],
                ignore_changes=self._ignored(node),
            ),
        )

    def _own_tags(self, node: Node) -> dict[str, str]:
        build = self._args.build
        return {NODE: node.name, NETWORK: build.network, VERSION: build.version}

    def _ignored(self, node: Node) -> list[str]:
        """What may differ from what the program says, without a change to the node.

        New files, a newer image or another type would stop or replace all nodes at once. A
        replacement also takes ignored values from before, so a node that is to be made anew
        ignores none of them.
        """
        if node.name not in self._args.kept:
            return [path(ROUTING)]
        return [path(ROUTING), path(VERSION), "ami", "instance_type", "user_data_base64"]
