"""A stack's life: nodes come and go, reboot, drift, and nothing else is touched."""

import pytest

pytestmark = pytest.mark.lab


def updated(summary):
    """Names of what was changed in place: the VPC, whose tag lists the nodes."""
    return {step.name for step in summary.changes if step.op == "update"}


def test_the_first_deployment_is_green_and_the_second_changes_nothing(lab):
    again = lab.up(nodeCount=2)

    assert lab.red() == set()
    assert again.changes == ()


def test_nodes_that_stay_are_untouched_while_others_come_and_go(lab):
    instances, boots = lab.instance_ids(), lab.boot_ids()

    more = lab.up(nodeCount=4)

    assert updated(more) == {"network"}
    assert {step.op for step in more.changes} == {"create", "update"}
    assert lab.red() == set()
    assert lab.pod_routes() == {f"10.1.{number}.0/24" for number in (1, 2, 3, 4)}
    assert lab.instance_ids().items() > instances.items()
    assert lab.boot_ids().items() > boots.items()

    instances, boots = lab.instance_ids(), lab.boot_ids()
    fewer = lab.up(nodeCount=3)

    assert updated(fewer) == {"network"}
    assert {step.op for step in fewer.changes} == {"delete", "update"}
    assert lab.red() == set()
    assert lab.pod_routes() == {f"10.1.{number}.0/24" for number in (1, 2, 3)}
    assert lab.instance_ids().items() < instances.items()
    assert lab.boot_ids().items() < boots.items()


def test_a_rebooted_node_comes_back_with_its_network_and_no_old_leases(lab):
    node = lab.node("node-1")
    leases = node.run("ls", "/var/lib/cni/networks/mynet").split()
    before = lab.boot_ids()
    lab.ec2.reboot_instances(InstanceIds=[node.instance_id])
    lab.wait_until_applied()

    after = lab.boot_ids()

    assert "10.1.1.2" in leases
    assert after["node-1"] != before["node-1"]
    assert {name: boot for name, boot in after.items() if name != "node-1"} == {
        name: boot for name, boot in before.items() if name != "node-1"
    }
    # Leases that outlived the boot would have pushed the new pods to other addresses.
    assert {str(pod.address) for pod in lab.pods if pod.node.name == "node-1"} == {
        "10.1.1.2",
        "10.1.1.3",
    }
    assert lab.red() == set()


def test_a_security_group_rule_added_by_hand_is_found_and_taken_away(lab):
    interfaces = lab.ec2.describe_network_interfaces()["NetworkInterfaces"]
    (group,) = {each["GroupId"] for interface in interfaces for each in interface["Groups"]}
    lab.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            }
        ],
    )

    found = lab.engine(nodeCount=3).refresh()
    repaired = lab.up(nodeCount=3)

    assert found.changes != ()
    assert {step.op for step in repaired.changes} == {"update"}
    rules = lab.ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group]}]
    )["SecurityGroupRules"]
    assert not [rule for rule in rules if rule.get("FromPort") == 22]


def test_destroy_leaves_nothing_in_the_api(lab):
    before = {vpc["VpcId"] for vpc in lab.ec2.describe_vpcs()["Vpcs"] if vpc["IsDefault"]}

    lab.engine(nodeCount=3).destroy()

    assert {vpc["VpcId"] for vpc in lab.ec2.describe_vpcs()["Vpcs"]} == before
    live = [
        instance
        for group in lab.ec2.describe_instances()["Reservations"]
        for instance in group["Instances"]
        if instance["State"]["Name"] != "terminated"
    ]
    assert live == []
