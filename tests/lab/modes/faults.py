"""Faults of a VPC, made and mended by the EC2 API as somebody with the console would."""

from contextlib import contextmanager

from podnet.plan import tags


class Vpc:
    """What of a lab's VPC can be broken."""

    def __init__(self, lab):
        self.lab, self.ec2 = lab, lab.ec2
        self.group = self._eni("node-1")["Groups"][0]["GroupId"]

    @contextmanager
    def check(self, *names):
        """The source/destination check of nodes is on."""
        for name in names:
            self._set_check(name, on=True)
        try:
            yield
        finally:
            for name in names:
                self._set_check(name, on=False)

    @contextmanager
    def without_rules(self, *kinds, egress=False):
        """Rules are revoked: those for what comes in of these kinds, or all for what goes out."""
        rules = [
            rule
            for rule in self._rules()
            if rule["IsEgress"] == egress and (egress or kind(rule) in kinds)
        ]
        assert rules
        # Changed and not revoked, so that each stays the resource that the state has.
        for rule in rules:
            self._change(rule, self._nobody(rule))
        try:
            yield
        finally:
            for rule in rules:
                self._change(rule, source(rule))

    @contextmanager
    def rule(self, cidr, protocol="-1", ports=None, *, egress=False):
        """A further rule."""
        first, last = ports or (-1, -1)
        wanted = {
            "IpProtocol": protocol,
            "IpRanges": [{"CidrIp": cidr, "Description": "by hand"}],
            **({} if protocol == "-1" else {"FromPort": first, "ToPort": last}),
        }
        authorize, revoke = (
            (self.ec2.authorize_security_group_egress, self.ec2.revoke_security_group_egress)
            if egress
            else (self.ec2.authorize_security_group_ingress, self.ec2.revoke_security_group_ingress)
        )
        authorize(GroupId=self.group, IpPermissions=[wanted])
        try:
            yield
        finally:
            revoke(GroupId=self.group, IpPermissions=[wanted])

    @contextmanager
    def no_route(self, destination):
        """A route of every table is gone."""
        lost = [
            (table["RouteTableId"], route)
            for table in self._tables()
            for route in table["Routes"]
            if route["DestinationCidrBlock"] == destination
        ]
        assert lost
        for table, _ in lost:
            self.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=destination)
        try:
            yield
        finally:
            for table, route in lost:
                self._route(table, destination, route)

    @contextmanager
    def route(self, destination, node=None):
        """A route leads to a node, or to an interface that is gone; one that is there is moved."""
        eni = self._eni(node)["NetworkInterfaceId"] if node else self._spare()
        before = {
            table["RouteTableId"]: next(
                (one for one in table["Routes"] if one["DestinationCidrBlock"] == destination), None
            )
            for table in self._tables()
            if not any(item["Main"] for item in table["Associations"])
        }
        for table, old in before.items():
            if old:
                self.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=destination)
            self._route(table, destination, {"NetworkInterfaceId": eni})
        if not node:
            self.ec2.delete_network_interface(NetworkInterfaceId=eni)
        try:
            yield
        finally:
            for table, old in before.items():
                self.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=destination)
                if old:
                    self._route(table, destination, old)

    @contextmanager
    def groups(self, name, *groups):
        """A node is in these groups alone; by default in the VPC's default one, which is closed."""
        eni = self._eni(name)
        change = self.ec2.modify_network_interface_attribute
        change(
            NetworkInterfaceId=eni["NetworkInterfaceId"], Groups=[*groups] or [self._closed_group()]
        )
        try:
            yield
        finally:
            change(NetworkInterfaceId=eni["NetworkInterfaceId"], Groups=[self.group])

    @contextmanager
    def routing(self, name, **fields):
        """A node has another routing tag than all others."""
        instance = self.lab.node(name).instance_id
        (before,) = self.ec2.describe_tags(
            Filters=[
                {"Name": "resource-id", "Values": [instance]},
                {"Name": "key", "Values": [tags.ROUTING]},
            ]
        )["Tags"]
        value = before["Value"]
        for field, wanted in fields.items():
            value = changed(value, field, wanted)
        self._tag(instance, value)
        try:
            yield
        finally:
            self._tag(instance, before["Value"])

    def _change(self, rule, peer):
        ports = {key: rule[key] for key in ("FromPort", "ToPort") if key in rule}
        wanted = {
            "IpProtocol": rule["IpProtocol"],
            **ports,
            **peer,
            "Description": rule.get("Description", ""),
        }
        self.ec2.modify_security_group_rules(
            GroupId=self.group,
            SecurityGroupRules=[
                {"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": wanted}
            ],
        )
        found = {each["SecurityGroupRuleId"]: each for each in self._rules()}
        assert source(found[rule["SecurityGroupRuleId"]]) == peer

    def _nobody(self, rule):
        """A source of the same type without members: EC2 changes no type of a source."""
        if "ReferencedGroupInfo" in rule:
            return {"ReferencedGroupId": self._closed_group()}
        return {"CidrIpv4": "198.51.100.255/32"}

    def _closed_group(self):
        vpc = self._eni("node-1")["VpcId"]
        (closed,) = self.ec2.describe_security_groups(
            Filters=[
                {"Name": "vpc-id", "Values": [vpc]},
                {"Name": "group-name", "Values": ["default"]},
            ]
        )["SecurityGroups"]
        return closed["GroupId"]

    def _tag(self, instance, value):
        tag = {"Key": tags.ROUTING, "Value": value}
        self.ec2.create_tags(Resources=[instance], Tags=[tag])

    def _set_check(self, name, *, on):
        self.ec2.modify_instance_attribute(
            InstanceId=self.lab.node(name).instance_id, SourceDestCheck={"Value": on}
        )

    def _route(self, table, destination, route):
        target = {key: route[key] for key in ("NetworkInterfaceId", "GatewayId") if route.get(key)}
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=destination, **target)

    def _spare(self):
        subnet = self._eni("node-1")["SubnetId"]
        made = self.ec2.create_network_interface(SubnetId=subnet)
        return made["NetworkInterface"]["NetworkInterfaceId"]

    def _eni(self, name):
        return self.ec2.describe_network_interfaces(
            Filters=[
                {"Name": "attachment.instance-id", "Values": [self.lab.node(name).instance_id]}
            ]
        )["NetworkInterfaces"][0]

    def _tables(self):
        vpc = self._eni("node-1")["VpcId"]
        filters = [{"Name": "vpc-id", "Values": [vpc]}]
        return self.ec2.describe_route_tables(Filters=filters)["RouteTables"]

    def _rules(self):
        filters = [{"Name": "group-id", "Values": [self.group]}]
        return self.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]


def kind(rule):
    """What a rule is for: all between nodes, all from pods, VXLAN or GRE."""
    if "ReferencedGroupInfo" in rule:
        return {"udp": "vxlan", "47": "gre"}.get(rule["IpProtocol"], "nodes")
    return "pods" if rule.get("CidrIpv4") == "10.1.0.0/16" else ""


def source(rule):
    """Where a rule is for, as it is written."""
    if group := rule.get("ReferencedGroupInfo"):
        return {"ReferencedGroupId": group["GroupId"]}
    return {"CidrIpv4": rule["CidrIpv4"]}


def changed(tag, field, value):
    """A routing tag with another mode, or another number."""
    mode, *numbers = tag.split(" ")
    if field == "mode":
        return " ".join([value, *numbers])
    found = [f"{field}={value}" if one.startswith(f"{field}=") else one for one in numbers]
    return " ".join([mode, *found])
