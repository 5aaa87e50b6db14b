"""Route tables, what they say, and the subnets they speak for."""

from __future__ import annotations

from zlib import crc32

from lab.aws.base import Ec2Resource, Schema
from lab.aws.session import gone_is_fine
from lab.engine.values import Values

IN_USE = frozenset({"DependencyViolation"})


class RouteTable(Ec2Resource):
    """A route table without routes of its own; each route is a resource."""

    type_ = "aws:ec2/routeTable:RouteTable"
    kind = "route-table"
    listing = ("describe_route_tables", "RouteTableIds", "RouteTables", "RouteTableId")
    schema = Schema(required={"vpcId"}, optional={"tags"}, replaced_by={"vpcId"})

    def make(self, inputs: Values, token: str) -> str:
        made = self.ec2.create_route_table(
            VpcId=inputs["vpcId"], TagSpecifications=self.stamp(inputs, token)
        )
        return str(made["RouteTable"]["RouteTableId"])

    def look(self, id_: str, known: Values) -> Values | None:
        del known
        table = self.fetch(id_)
        return table and {
            "arn": self.arn(id_, table["OwnerId"]),
            "ownerId": table["OwnerId"],
            "vpcId": table["VpcId"],
            "propagatingVgws": [one["GatewayId"] for one in table.get("PropagatingVgws", [])],
            "routes": [
                _inline(route) for route in table["Routes"] if route.get("GatewayId") != "local"
            ],
            "tags": self.session.read_tags(table.get("Tags", [])),
        }

    def bring(self, id_: str, inputs: Values, live: Values) -> None:
        self.retag(id_, inputs.get("tags"), live["tags"])

    def remove(self, id_: str, known: Values) -> None:
        del known
        self.session.patiently(IN_USE, lambda: self.ec2.delete_route_table(RouteTableId=id_))


class Route(Ec2Resource):
    """One route; its key is the table and the destination."""

    type_ = "aws:ec2/route:Route"
    schema = Schema(
        required={"routeTableId", "destinationCidrBlock"},
        key={"routeTableId", "destinationCidrBlock"},
        optional={"gatewayId", "networkInterfaceId"},
        replaced_by={"routeTableId", "destinationCidrBlock"},
        networks={"destinationCidrBlock"},
        exclusive={"target": {"gatewayId", "networkInterfaceId"}},
    )

    def make(self, inputs: Values, token: str) -> str:
        del token  # a table has one route to a destination
        self.ec2.create_route(**_route(inputs))
        return _route_id(inputs)

    def seek(self, inputs: Values, token: str) -> str | None:
        del token
        live = self.look("", inputs)
        # A route to somewhere else is not ours; making ours is then refused by the API.
        mine = live and all(live[name] == inputs.get(name) for name in self.schema.optional)
        return _route_id(inputs) if mine else None

    def look(self, id_: str, known: Values) -> Values | None:
        del id_
        destination = known["destinationCidrBlock"]
        with gone_is_fine():
            tables = self.ec2.describe_route_tables(RouteTableIds=[known["routeTableId"]])
            for route in tables["RouteTables"][0]["Routes"]:
                if route.get("DestinationCidrBlock") == destination:
                    return {
                        "routeTableId": known["routeTableId"],
                        "destinationCidrBlock": destination,
                        "gatewayId": route.get("GatewayId"),
                        "networkInterfaceId": route.get("NetworkInterfaceId"),
                        "instanceId": route.get("InstanceId"),
                        "instanceOwnerId": route.get("InstanceOwnerId"),
                        "origin": route["Origin"],
                        "state": route["State"],
                    }
        return None

    def bring(self, id_: str, inputs: Values, live: Values) -> None:
        del id_
        if any(live[name] != inputs.get(name) for name in self.schema.optional):
            self.ec2.replace_route(**_route(inputs))

    def remove(self, id_: str, known: Values) -> None:
        del id_
        self.ec2.delete_route(
            RouteTableId=known["routeTableId"], DestinationCidrBlock=known["destinationCidrBlock"]
        )


class RouteTableAssociation(Ec2Resource):
    """The route table of a subnet; its key is the subnet, since the API renews the id."""

    type_ = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    schema = Schema(
        required={"subnetId", "routeTableId"}, key={"subnetId"}, replaced_by={"subnetId"}
    )

    def make(self, inputs: Values, token: str) -> str:
        del token  # a subnet has one association
        made = self.ec2.associate_route_table(
            RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"]
        )
        return str(made["AssociationId"])

    def seek(self, inputs: Values, token: str) -> str | None:
        del token
        here = self._association(inputs)
        mine = here and here["RouteTableId"] == inputs["routeTableId"]
        return str(here["RouteTableAssociationId"]) if here and mine else None

    def look(self, id_: str, known: Values) -> Values | None:
        del id_
        here = self._association(known)
        return here and {"subnetId": here["SubnetId"], "routeTableId": here["RouteTableId"]}

    def bring(self, id_: str, inputs: Values, live: Values) -> None:
        del id_
        here = self._association(inputs)
        if here and live["routeTableId"] != inputs["routeTableId"]:
            self.ec2.replace_route_table_association(
                AssociationId=here["RouteTableAssociationId"], RouteTableId=inputs["routeTableId"]
            )

    def remove(self, id_: str, known: Values) -> None:
        del id_
        here = self._association(known)
        # The subnet may by now be with a table that is not ours to take away.
        if here and here["RouteTableId"] == known["routeTableId"]:
            self.ec2.disassociate_route_table(AssociationId=here["RouteTableAssociationId"])

    def _association(self, known: Values) -> Values | None:
        subnet = known["subnetId"]
        tables = self.ec2.describe_route_tables(
            Filters=[{"Name": "association.subnet-id", "Values": [subnet]}]
        )["RouteTables"]
        return next(
            (
                one
                for table in tables
                for one in table["Associations"]
                if one.get("SubnetId") == subnet
            ),
            None,
        )


def _route(inputs: Values) -> Values:
    target = (
        {"GatewayId": inputs["gatewayId"]}
        if inputs.get("gatewayId")
        else {"NetworkInterfaceId": inputs["networkInterfaceId"]}
    )
    return {
        "RouteTableId": inputs["routeTableId"],
        "DestinationCidrBlock": inputs["destinationCidrBlock"],
        **target,
    }


def _route_id(inputs: Values) -> str:
    # The form of the AWS provider: the API has no ids for routes.
    return f"r-{inputs['routeTableId']}{crc32(inputs['destinationCidrBlock'].encode())}"


def _inline(route: Values) -> Values:
    return {
        "cidrBlock": route.get("DestinationCidrBlock", ""),
        "gatewayId": route.get("GatewayId", ""),
        "networkInterfaceId": route.get("NetworkInterfaceId", ""),
    }
