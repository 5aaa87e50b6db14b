"""A network ACL that lets not all pass."""


def deny_http(ec2, vpc_id):
    """Add a rule to the ACL of a VPC's subnets, and return the id of the ACL."""
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
    (acl,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    ec2.create_network_acl_entry(
        NetworkAclId=acl["NetworkAclId"],
        RuleNumber=50,
        Protocol="6",
        RuleAction="deny",
        Egress=False,
        CidrBlock="0.0.0.0/0",
        PortRange={"From": 80, "To": 80},
    )
    return acl["NetworkAclId"]
