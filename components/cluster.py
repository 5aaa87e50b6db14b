"""What the nodes of a cluster and the program tell each other: parameters of Systems Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.tags import named
from plan.kubernetes import Parameters

NOTHING = "none"
"""What stands where the control plane has not written yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterArgs:
    """What a `Cluster` is made from."""

    parameters: Parameters
    """The names of the parameters."""
    node_count: int
    """How many nodes there shall be."""
    made_with: str
    """What a control plane made now is made with."""
    control_plane_kept: bool
    """Whether the control plane is there and stays, and with it what it has written."""
    pieces: Sequence[str]
    """The files of the nodes, packed and cut into what one parameter holds."""
    digest: str
    """What tells these files from others."""
    tags: Mapping[str, str]
    """Tags of every resource."""


class Cluster(pulumi.ComponentResource):
    """The parameters of a cluster, and who of its nodes may do what with them.

    User data can be read by many and holds 16 KiB, so what is secret or large goes this way.
    """

    control_plane_policy: pulumi.Output[str]
    """What the control plane may do, as IAM takes it."""
    nodes_policy: pulumi.Output[str]
    """What the other nodes may do, likewise."""
    told: pulumi.Output[list[str]]
    """Known when all that nodes read has been written."""

    def __init__(
        self,
        name: str,
        args: ClusterArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:Cluster", name, None, opts)
        self._args = args
        names = args.parameters
        nodes = self._parameter("nodes", names.nodes, value=str(args.node_count))
        settled = self._written("settled", names.settled, value="0")
        join = self._written("join", names.join, value=NOTHING, secure=True)
        kubeconfig = self._written("kubeconfig", names.kubeconfig, value=NOTHING, secure=True)
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
        self.told = pulumi.Output.all(nodes.id, settled.id, join.id, kubeconfig.id)
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

    def _written(
        self, what: str, path: str, *, value: str, secure: bool = False
    ) -> aws.ssm.Parameter:
        """A parameter that the control plane writes over, and that begins anew with it.

        What a former control plane has written is of a cluster that is gone. The description is
        what makes a new one a change, since the engine believes its own value to be there still.
        """
        kept = ["value", "description"] if self._args.control_plane_kept else []
        return aws.ssm.Parameter(
            f"{self.pulumi_resource_name}-{what}",
            name=path,
            type="SecureString" if secure else "String",
            value=pulumi.Output.secret(value),
            description=f"Written by the control plane, made with {self._args.made_with}",
            tags=named(self._args.tags, f"cluster-{what}"),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=kept),
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
