"""The statements of whoever runs the commands for AWS: which actions on what, and when."""

from __future__ import annotations

from docs.permission_statements import (
    NETWORK,
    OWN,
    PROFILES,
    ROLES,
    Statement,
    of_kinds,
    prefixed,
)
from podnet.acceptance import names
from podnet.plan.acknowledgement import folder
from podnet.plan.kubernetes import Parameters
from podnet.plan.tags import STACK

VERIFIER = Statement(
    # AWS restricts no describe call of EC2 to resources.
    sid="Read",
    actions=prefixed(
        "ec2",
        "DescribeDhcpOptions DescribeEgressOnlyInternetGateways DescribeInstances "
        "DescribeInternetGateways DescribeNatGateways DescribeNetworkAcls "
        "DescribeNetworkInterfaces DescribeRouteTables DescribeSecurityGroupRules "
        "DescribeSecurityGroups DescribeSubnets DescribeTransitGatewayAttachments "
        "DescribeVpcEndpoints DescribeVpcPeeringConnections DescribeVpcs DescribeVpnGateways",
    ),
    resources=("*",),
)
"""What `podnet verify --live` calls; a test compares it with the calls."""
SAID = Statement(
    # The resource is the path that is asked for (as the refusal in aws-dotnet-extensions-
    # configuration#108 names it), so this reads no other parameter of a stack.
    sid="ReadWhatNodesSaid",
    actions=("ssm:GetParametersByPath",),
    resources=(
        f"arn:*:ssm:*:*:parameter{folder('*')}",
        f"arn:*:ssm:*:*:parameter{Parameters('*').policy_folder}",
    ),
)
"""What `podnet status --live` calls beside; a test compares it with the calls."""


def _by_run_command(documents: str) -> tuple[Statement, ...]:
    """What sends a document of podnet's own, with this name, to nodes of podnet."""
    named = f"arn:*:ssm:*:*:document/{documents}"
    return (
        Statement(
            # AWS limits none of these to resources.
            sid="ReadCommands",
            actions=prefixed(
                "ssm", "DescribeInstanceInformation GetCommandInvocation ListCommandInvocations"
            ),
            resources=("*",),
        ),
        Statement(
            # Who has made the document once may be denied to make others: it runs as root.
            sid="Document",
            actions=prefixed("ssm", "CreateDocument DescribeDocument"),
            resources=(named,),
        ),
        Statement(sid="SendDocument", actions=("ssm:SendCommand",), resources=(named,)),
        Statement(
            # Systems Manager User Guide, "Restricting Run Command access based on tags".
            sid="ToNodes",
            actions=("ssm:SendCommand",),
            resources=of_kinds("instance"),
            condition={"Null": {f"ssm:resourceTag/{STACK}": "false"}},
        ),
    )


MATRIX = (VERIFIER, *_by_run_command("podnet-matrix-*"))
"""What `podnet matrix --live=ssm` calls; a test compares it with the calls."""

BUNDLE = (
    VERIFIER,
    Statement(
        # An instance, and tags of it (Service Authorization Reference, "Actions defined by Amazon
        # EC2", GetConsoleOutput).
        sid="ReadConsoles",
        actions=("ec2:GetConsoleOutput",),
        resources=of_kinds("instance"),
        condition=OWN,
    ),
    *_by_run_command("podnet-bundle-*"),
)
"""What `podnet debug bundle --live --nodes-by ssm` calls; a test compares it with the calls."""

OF_RUN = {"Null": {f"aws:ResourceTag/{names.TAG}": "false"}}
"""The resource has the budget tag of an acceptance run."""
SWEEPER = (
    Statement(
        # AWS restricts none of these to resources, and a reservation bears no tag.
        sid="Find",
        actions=(
            *prefixed(
                "ec2",
                "DeleteSubnetCidrReservation DescribeInstances DescribeInternetGateways "
                "DescribeNetworkInterfaces DescribeRouteTables DescribeSecurityGroups "
                "DescribeSubnets DescribeVolumes DescribeVpcs GetSubnetCidrReservations",
            ),
            *prefixed("iam", "ListInstanceProfiles ListRoles"),
            "pricing:GetProducts",
            "ssm:DescribeParameters",
        ),
        resources=("*",),
    ),
    Statement(
        sid="DeleteOfRuns",
        actions=prefixed(
            "ec2",
            "DeleteInternetGateway DeleteNetworkInterface DeleteRouteTable DeleteSecurityGroup "
            "DeleteSubnet DeleteVolume DeleteVpc DetachInternetGateway DisassociateRouteTable "
            "TerminateInstances",
        ),
        resources=of_kinds(*NETWORK, "instance", "network-interface", "volume"),
        condition=OF_RUN,
    ),
    Statement(
        sid="ReadRoles",
        actions=prefixed(
            "iam", "GetInstanceProfile GetRole ListAttachedRolePolicies ListRolePolicies"
        ),
        resources=(ROLES, PROFILES),
    ),
    Statement(
        sid="DeleteRolesOfRuns",
        actions=prefixed(
            "iam",
            "DeleteInstanceProfile DeleteRole DeleteRolePolicy DetachRolePolicy "
            "RemoveRoleFromInstanceProfile",
        ),
        resources=(ROLES, PROFILES),
        condition=OF_RUN,
    ),
    Statement(
        sid="DeleteParametersOfRuns",
        actions=("ssm:DeleteParameter",),
        resources=(f"arn:*:ssm:*:*:parameter/podnet/{names.identity_of('*')}",),
    ),
)
"""What `python -m podnet.acceptance` calls itself; a test compares it with the calls."""
