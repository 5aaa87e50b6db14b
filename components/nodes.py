"""The nodes: their role, and one instance each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet.components import roles
from podnet.components.acknowledgements import Acknowledgements
from podnet.components.cluster_parameters import ClusterParameters
from podnet.components.node_template import NodeTemplate
from podnet.components.release import Release
from podnet.components.tags import named, path
from podnet.plan.nodes import Node, control_plane
from podnet.plan.tags import FILES, NETWORK, NODE, ROUTING, VERSION


@dataclass(frozen=True, kw_only=True, slots=True)
class NodesArgs:
    """Arguments of `Nodes`."""

    nodes: tuple[Node, ...]
    """The nodes as planned."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """The subnet of each zone, by the letter of the zone."""
    security_group_id: pulumi.Input[str]
    """The group that all nodes are in."""
    template: NodeTemplate
    """Properties of a new node."""
    reused: Collection[str]
    """Names of the existing nodes that keep their user data, image and instance type."""
    extra_security_groups: Sequence[str] = ()
    """Groups of somebody else that the nodes are in as well."""
    extra_policies: Sequence[str] = ()
    """ARNs of policies of somebody else that the nodes' roles have as well."""
    key_name: str | None = None
    """EC2 key pair of a new node."""
    protected: str | None = None
    """Name of the node that nothing may delete, if any: its disk holds the cluster."""
    session_manager: bool
    """Whether Session Manager can open a shell on the nodes."""
    release: Release
    """The files that the nodes run, which a booting one fetches."""
    acknowledgements: Acknowledgements
    """Where the nodes say what they have applied."""
    cluster: ClusterParameters | None = None
    """The parameters of the cluster that the nodes form, if they form one."""
    depends_on: Sequence[pulumi.Resource]
    """Other resources that a booting node needs, which fetches packages at once."""
    tags: Mapping[str, str]
    """Tags of every resource."""


class Nodes(pulumi.ComponentResource):
    """Instances with fixed addresses that may forward packets of pods."""

    instances: Mapping[str, aws.ec2.Instance]
    """The instance of each node, by the name of the node."""
    instance_ids: Mapping[str, pulumi.Output[str]]
    """Its id."""
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
        self.instances = instances = {
            node.name: self._instance(node, profiles[node.name]) for node in args.nodes
        }
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
        """Instance profile of each node, by its name; that of a control plane differs."""
        args, name = self._args, self.pulumi_resource_name

        def role(what: str, cluster: pulumi.Input[str] | None) -> roles.RoleArgs:
            own: dict[str, pulumi.Input[str]] = {
                "files": args.release.policy,
                "acknowledgements": args.acknowledgements.policy,
            }
            return roles.RoleArgs(
                what=what,
                session_manager=args.session_manager,
                policies=own if cluster is None else {**own, "cluster": cluster},
                extra=args.extra_policies,
                tags=args.tags,
            )

        cluster = args.cluster
        shared = roles.instance_profile(
            name, role("nodes", cluster.nodes_policy if cluster else None), self
        )
        profiles = dict.fromkeys((node.name for node in args.nodes), shared)
        if cluster is not None:
            profiles[control_plane(args.nodes).name] = roles.instance_profile(
                f"{name}-control-plane", role("control-plane", cluster.control_plane_policy), self
            )
        return profiles

    def _instance(self, node: Node, profile: aws.iam.InstanceProfile) -> aws.ec2.Instance:
        args = self._args
        return aws.ec2.Instance(
            f"{self.pulumi_resource_name}-{node.zone.name}-{node.name}",
            ami=args.template.image_id or None,
            instance_type=args.template.instance_type,
            key_name=args.key_name,
            iam_instance_profile=profile.name,
            subnet_id=args.subnet_ids[node.zone.name],
            private_ip=str(node.address),
            associate_public_ip_address=True,
            vpc_security_group_ids=[args.security_group_id, *args.extra_security_groups],
            # With the check on, the interface drops every packet whose source or destination
            # is a pod's address. It is set here and not on an interface of our own, since the
            # provider turns it on again for those at every second update
            # (terraform-provider-aws#44768).
            source_dest_check=False,
            disable_api_termination=node.name == args.protected,
            user_data_base64=args.template.user_data,
            user_data_replace_on_change=True,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "enabled",
            },
            root_block_device={
                "volume_type": args.template.volume.type,
                "volume_size": args.template.volume.size,
                "kms_key_id": args.template.volume.kms_key_id,
                "encrypted": True,
                "tags": named(args.tags, node.name),
            },
            tags=named(args.tags, node.name, **self._own_tags(node)),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=node.name == args.protected,
                depends_on=[
                    *args.depends_on,
                    args.release,
                    args.acknowledgements.parameters[node.name],
                    *([args.cluster] if args.cluster else []),
                ],
                # The fixed address is free again only when the old instance is gone.
                delete_before_replace=True,
                replace_on_changes=[path(NETWORK), "instance_type"],
                ignore_changes=self._ignored(node),
            ),
        )

    def _own_tags(self, node: Node) -> dict[str, str]:
        template = self._args.template
        return {NODE: node.name, NETWORK: template.network_fingerprint, VERSION: template.version}

    def _ignored(self, node: Node) -> list[str]:
        """Properties in which a node may differ from the program without being changed.

        A newer image, other user data, type or key would stop or replace all nodes at once, and
        so would the address on the internet that a stopped instance lacks: the provider reads back
        whether the interface has one, and takes another answer for a reason to replace
        (hashicorp/terraform-provider-aws, internal/service/ec2/ec2_instance.go). A replacement also
        takes ignored values from before, so a node that is to be replaced ignores none of them.
        """
        if node.name not in self._args.reused:
            return [path(ROUTING), path(FILES)]
        kept = [
            "ami",
            "instance_type",
            "key_name",
            "user_data_base64",
            "associate_public_ip_address",
            *(f"rootBlockDevice.{each}" for each in ("volumeSize", "volumeType", "kmsKeyId")),
        ]
        return [path(ROUTING), path(FILES), path(VERSION), *kept]
