"""What exists of a stack, without the ids and names that differ from one deployment to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.unit.lab.providers.aws.conftest import client


def census(endpoint: str) -> Counter[str]:
    """Everything in the account but what AWS itself puts there, each thing by what it is."""
    ec2, iam = client(endpoint, "ec2"), client(endpoint, "iam")
    own = {vpc["VpcId"]: vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]}
    return Counter(
        [
            *(f"vpc {vpc['CidrBlock']} {tags(vpc)}" for vpc in own.values()),
            *(
                f"gateway {len(gateway['Attachments'])} {tags(gateway)}"
                for gateway in ec2.describe_internet_gateways()["InternetGateways"]
            ),
            *(line for vpc in own for line in inside(ec2, vpc)),
            *of_iam(iam),
            *(
                f"flow log {each['TrafficType']} {tags(each)}"
                for each in ec2.describe_flow_logs()["FlowLogs"]
            ),
            *(
                f"log group {each['logGroupName']} {each.get('retentionInDays')}"
                for each in client(endpoint, "logs").describe_log_groups()["logGroups"]
            ),
        ]
    )


def inside(ec2: Any, vpc: str) -> Iterator[str]:
    """What is in one VPC."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    for subnet in ec2.describe_subnets(Filters=filters)["Subnets"]:
        yield f"subnet {subnet['CidrBlock']} {tags(subnet)}"
    for table in ec2.describe_route_tables(Filters=filters)["RouteTables"]:
        yield from of_table(table)
    for group in ec2.describe_security_groups(Filters=filters)["SecurityGroups"]:
        yield from of_group(ec2, group)
    for reservation in ec2.describe_instances(Filters=filters)["Reservations"]:
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] != "terminated":
                check = instance["SourceDestCheck"]
                yield f"instance {instance['PrivateIpAddress']} {check} {tags(instance)}"


def of_table(table: dict[str, Any]) -> list[str]:
    main = any(one.get("Main") for one in table["Associations"])
    subnets = [one for one in table["Associations"] if one.get("SubnetId")]
    return [
        f"table {main} {len(subnets)} {tags(table)}",
        *(
            f"route {route['DestinationCidrBlock']} {route.get('GatewayId', 'eni')[:3]}"
            f" {tags(table)}"
            for route in table["Routes"]
        ),
    ]


def of_group(ec2: Any, group: dict[str, Any]) -> list[str]:
    default = group["GroupName"] == "default"
    rules = ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}]
    )["SecurityGroupRules"]
    return [
        f"group {default} {tags(group)}",
        *(
            f"rule {rule['IsEgress']} {rule['IpProtocol']} {rule.get('CidrIpv4')} {tags(rule)}"
            for rule in rules
        ),
    ]


def of_iam(iam: Any) -> list[str]:
    lines = []
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        have = iam.list_role_tags(RoleName=name)
        lines.append(f"role {tags(have)}")
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        lines += [f"attached {one['PolicyArn']}" for one in attached]
        lines += [
            f"policy of {tags(have)}" for _ in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
    for profile in iam.list_instance_profiles()["InstanceProfiles"]:
        lines.append(f"profile {len(profile['Roles'])} {tags(profile)}")
    return lines


def tags(item: dict[str, Any]) -> str:
    """The tags of an item."""
    have = {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
    return " ".join(f"{key}={have[key]}" for key in sorted(have))
