"""The release of files that the nodes run: in SSM parameters, and named by a tag of each node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet import userdata
from podnet.components import retries
from podnet.components.roles import allow
from podnet.components.tags import named
from podnet.plan.nodes import Node
from podnet.plan.settings import Settings
from podnet.plan.tags import FILES


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseArgs:
    """Arguments of `Release`."""

    stack: str
    """Name of the stack."""
    settings: Settings
    """What decides which files there are."""
    after: Sequence[pulumi.Resource] = ()
    """Resources that are made first, as the VPC, which is refused in a second state of a stack."""
    tags: Mapping[str, str]
    """Tags of every resource."""


class Release(pulumi.ComponentResource):
    """The parameters that hold the files, and the policy to read them.

    Those of the release before are deleted at the end of the deployment: a node that runs it has it
    on its disk, and one that has not yet fetched it is to fetch this one.
    """

    policy: pulumi.Output[str]
    """IAM policy of every node."""
    digest: str
    """SHA-256 of the files."""

    def __init__(
        self, name: str, args: ReleaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("podnet:index:Release", name, None, opts)
        self.digest = userdata.release.digest(args.settings)
        short = self.digest[: userdata.release.SHORT]
        self.pieces = [
            aws.ssm.Parameter(
                f"{name}-{short}-{number}",
                name=userdata.release.piece(args.stack, self.digest, number),
                type="String",
                value=value,
                tags=named(args.tags, f"{name}-{short}-{number}"),
                opts=pulumi.ResourceOptions(parent=self, depends_on=args.after),
            )
            for number, value in enumerate(userdata.release.pieces(args.settings), start=1)
        ]
        self.policy = allow({"ssm:GetParameter": self.pieces})
        self.register_outputs({"policy": self.policy, "digest": self.digest})


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignedReleaseArgs:
    """Arguments of `AssignedRelease`."""

    nodes: tuple[Node, ...]
    """The nodes as planned."""
    instances: Mapping[str, aws.ec2.Instance]
    """The instance of each node, by the name of the node."""
    release: Release
    """What they are to run."""


class AssignedRelease(pulumi.ComponentResource):
    """A tag of each node that names its release, for a node without a way to the API too."""

    def __init__(
        self, name: str, args: AssignedReleaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("podnet:index:AssignedRelease", name, None, opts)
        retried = retries.of_tags(name)
        for node in args.nodes:
            instance = args.instances[node.name]
            # Separate, since the instance must not change for it.
            aws.ec2.Tag(
                f"{name}-{node.zone.name}-{node.name}",
                resource_id=instance.id,
                key=FILES,
                value=args.release.digest,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=args.release.pieces,
                    deleted_with=instance,
                    hooks=retried,
                ),
            )
        self.register_outputs({})
