"""SSM parameters that the program and the nodes of a cluster exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet.components.roles import allow
from podnet.components.tags import named
from podnet.plan.kubernetes import UNWRITTEN, Parameters


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterParametersArgs:
    """Arguments of `ClusterParameters`."""

    parameters: Parameters
    """The names of the parameters."""
    node_counts: str
    """Wanted number of nodes in each zone, as in 3,1,1."""
    template: str
    """Files and image of a new control plane, in words."""
    keeps_control_plane: bool
    """Whether the control plane exists and stays, and with it what it has written."""
    after: Sequence[pulumi.Resource] = ()
    """Resources that are made first, as the VPC, which is refused in a second state of a stack."""
    tags: Mapping[str, str]
    """Tags of every resource."""


class ClusterParameters(pulumi.ComponentResource):
    """The parameters of a cluster, and which of its nodes may do what with them.

    User data can be read by many, so what is secret goes this way.
    """

    control_plane_policy: pulumi.Output[str]
    """IAM policy of the control plane."""
    nodes_policy: pulumi.Output[str]
    """IAM policy of the other nodes."""
    written: pulumi.Output[list[str]]
    """Known when everything that nodes read has been written."""

    def __init__(
        self,
        name: str,
        args: ClusterParametersArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:Cluster", name, None, opts)
        self._args = args
        names = args.parameters
        nodes = self._parameter("nodes", names.nodes, value=args.node_counts)
        settled = self._control_plane_parameter("settled", names.settled, value="0")
        join = self._control_plane_parameter("join", names.join, value=UNWRITTEN, secure=True)
        kubeconfig = self._control_plane_parameter(
            "kubeconfig", names.kubeconfig, value=UNWRITTEN, secure=True
        )
        policies = self._control_plane_parameter("policies", names.policies, value=UNWRITTEN)
        self.control_plane_policy = allow(
            {
                "ssm:GetParameter": [nodes],
                "ssm:PutParameter": [settled, join, kubeconfig, policies],
            }
        )
        self.nodes_policy = allow({"ssm:GetParameter": [join]})
        self.written = pulumi.Output.all(nodes.id, settled.id, join.id, kubeconfig.id, policies.id)
        self.register_outputs(
            {
                "controlPlanePolicy": self.control_plane_policy,
                "nodesPolicy": self.nodes_policy,
            }
        )

    def _parameter(self, what: str, path: str, *, value: str) -> aws.ssm.Parameter:
        return aws.ssm.Parameter(
            f"{self.pulumi_resource_name}-{what}",
            name=path,
            type="String",
            value=value,
            tags=named(self._args.tags, f"cluster-{what}"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._args.after),
        )

    def _control_plane_parameter(
        self, what: str, path: str, *, value: str, secure: bool = False
    ) -> aws.ssm.Parameter:
        """A parameter that the control plane overwrites, and that is reset with it.

        What a previous control plane wrote belongs to a cluster that is gone. A new one shows as a
        change of the description, since the engine takes its own value to be there still.
        """
        ignored = ["value", "description"] if self._args.keeps_control_plane else []
        return aws.ssm.Parameter(
            f"{self.pulumi_resource_name}-{what}",
            name=path,
            type="SecureString" if secure else "String",
            value=pulumi.Output.secret(value),
            description=f"Written by the control plane, made with {self._args.template}",
            tags=named(self._args.tags, f"cluster-{what}"),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=self._args.after, ignore_changes=ignored
            ),
        )
