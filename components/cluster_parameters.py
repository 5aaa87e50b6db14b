"""SSM parameters that the program and the nodes of a cluster exchange."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet.components.tags import named
from podnet.plan.kubernetes import UNWRITTEN, Parameters


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterParametersArgs:
    """Arguments of `ClusterParameters`."""

    parameters: Parameters
    """The names of the parameters."""
    node_count: int
    """Wanted number of nodes."""
    template: str
    """Files and image of a new control plane, in words."""
    keeps_control_plane: bool
    """Whether the control plane exists and stays, and with it what it has written."""
    pieces: Sequence[str]
    """The packed files of the nodes, cut into values of one parameter each."""
    digest: str
    """SHA-256 of these files."""
    tags: Mapping[str, str]
    """Tags of every resource."""


class ClusterParameters(pulumi.ComponentResource):
    """The parameters of a cluster, and which of its nodes may do what with them.

    User data can be read by many and holds 16 KiB, so what is secret or large goes this way.
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
        nodes = self._parameter("nodes", names.nodes, value=str(args.node_count))
        settled = self._control_plane_parameter("settled", names.settled, value="0")
        join = self._control_plane_parameter("join", names.join, value=UNWRITTEN, secure=True)
        kubeconfig = self._control_plane_parameter(
            "kubeconfig", names.kubeconfig, value=UNWRITTEN, secure=True
        )
        files = [
            self._parameter(
                f"files-{args.digest[:12]}-{number}", names.file(args.digest, number), value=piece
            )
            for number, piece in enumerate(args.pieces, start=1)
        ]
        self.control_plane_policy = _policy(
            {
                "ssm:GetParameter": [nodes, *files],
                "ssm:PutParameter": [settled, join, kubeconfig],
            }
        )
        self.nodes_policy = _policy({"ssm:GetParameter": [join, *files]})
        self.written = pulumi.Output.all(nodes.id, settled.id, join.id, kubeconfig.id)
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
            opts=pulumi.ResourceOptions(parent=self),
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
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=ignored),
        )


def _policy(actions: Mapping[str, Sequence[aws.ssm.Parameter]]) -> pulumi.Output[str]:
    """A policy that allows each action on these parameters and on nothing else."""
    arns = {
        action: pulumi.Output.all(*(parameter.arn for parameter in parameters))
        for action, parameters in actions.items()
    }
    return pulumi.Output.all(**arns).apply(
        lambda known: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": action, "Resource": known[action]}
                    for action in actions
                ],
            }
        )
    )
