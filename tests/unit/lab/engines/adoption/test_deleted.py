"""What somebody deleted behind the state is made again after a refresh, whatever it is."""

from __future__ import annotations

import pytest

NODE = [
    {"Name": "tag:podnet:node", "Values": ["node-1"]},
    {"Name": "instance-state-name", "Values": ["running"]},
]
NODES_GROUP = [{"Name": "tag:Name", "Values": ["dev-nodes"]}]


def node(ec2):
    (reservation,) = ec2.describe_instances(Filters=NODE)["Reservations"]
    return reservation["Instances"][0]["InstanceId"]


def instance(ec2):
    ec2.terminate_instances(InstanceIds=[node(ec2)])


def tag(ec2):
    ec2.delete_tags(Resources=[node(ec2)], Tags=[{"Key": "podnet:routing"}])


def rules(ec2):
    (group,) = ec2.describe_security_groups(Filters=NODES_GROUP)["SecurityGroups"]
    found = ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}]
    )["SecurityGroupRules"]
    ids = [rule["SecurityGroupRuleId"] for rule in found if not rule["IsEgress"]]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], SecurityGroupRuleIds=ids)


def association(ec2):
    tables = ec2.describe_route_tables(
        Filters=[{"Name": "tag:podnet:stack", "Values": ["organization/podnet/dev"]}]
    )
    (one,) = tables["RouteTables"][0]["Associations"]
    ec2.disassociate_route_table(AssociationId=one["RouteTableAssociationId"])


@pytest.mark.slow
@pytest.mark.parametrize("delete", [instance, tag, rules, association])
def test_a_resource_that_is_gone_is_made_again(deployments, ec2, delete):
    deployments.changes()
    whole = deployments.census()
    delete(ec2)
    assert deployments.census() != whole
    deployments.engine().refresh()
    deployments.changes()

    assert deployments.census() == whole
    assert deployments.engine().preview().changes == ()
