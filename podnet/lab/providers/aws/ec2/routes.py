"""Route tables, what they say, and the subnets they speak for."""

from __future__ import annotations

from zlib import crc32

from podnet.lab.providers.aws.base import Attempt
from podnet.lab.providers.aws.ec2.resource import Ec2Resource
from podnet.lab.providers.aws.schema import Schema
from podnet.lab.providers.aws.session import gone_is_fine
from podnet.lab.providers.protocol import Values

IN_USE = frozenset({"DependencyViolation"})


class RouteTable(Ec2Resource):
    """A route table without routes of its own; each route is a resource."""

    type_ = "aws:ec2/routeTable:RouteTable"
    kind = "route-table"
    listing = ("describe_route_tables", "RouteTableIds", "RouteTables", "RouteTableId")
    schema = Schema(required={"vpcId"}, optional={"tags"}, replaced_by={"vpcId"})

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt
        made = self.ec2.create_route_table(VpcId=inputs["vpcId"], **self.tagging(inputs))
        return str(made["RouteTable"]["RouteTableId"])

    def describe(self, id_: str, known: Values) -> Values | None:
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

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        self.retag(id_, inputs.get("tags"), live["tags"])

    def delete_call(self, id_: str, known: Values) -> None:
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

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt  # a table has one route to a destination
        self.ec2.create_route(**_route(inputs))
        return route_id(inputs)

    def imported(self, id_: str) -> Values:
        table, _, destination = id_.partition("_")
        return {"routeTableId": table, "destinationCidrBlock": destination} if destination else {}

    def describe(self, id_: str, known: Values) -> Values | None:
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

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        del id_
        if any(live[name] != inputs.get(name) for name in self.schema.optional):
            self.ec2.replace_route(**_route(inputs))

    def delete_call(self, id_: str, known: Values) -> None:
        del id_
        self.ec2.delete_route(
            RouteTableId=known["routeTableId"], DestinationCidrBlock=known["destinationCidrBlock"]
        )


class RouteTableAssociation(Ec2Resource):
    """The route table of a subnet.

    Its id is that of the association, which EC2 renews when the table changes: the engine keeps the
    former one, and the next reading finds nothing under it.
    """

    type_ = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    schema = Schema(required={"subnetId", "routeTableId"}, replaced_by={"subnetId"})

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt  # a subnet has one association
        made = self.ec2.associate_route_table(
            RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"]
        )
        return str(made["AssociationId"])

    def describe(self, id_: str, known: Values) -> Values | None:
        del known
        here = self._named(id_)
        return here and {"subnetId": here["SubnetId"], "routeTableId": here["RouteTableId"]}

    def update(self, id_: str, known: Values, inputs: Values) -> Values:
        """Give the subnet another table, under an id that stays unknown to the engine."""
        del known
        if (here := self._named(id_)) is None:
            return self.created(self.create_call(inputs, Attempt("", "")), inputs)
        made = self.ec2.replace_route_table_association(
            AssociationId=here["RouteTableAssociationId"], RouteTableId=inputs["routeTableId"]
        )
        return self.created(str(made["NewAssociationId"]), inputs)

    def delete_call(self, id_: str, known: Values) -> None:
        del known
        if here := self._named(id_):
            self.ec2.disassociate_route_table(AssociationId=here["RouteTableAssociationId"])

    def _named(self, id_: str) -> Values | None:
        """The association of an id, or as an import names it: by its subnet and its table."""
        subnet, slash, table = id_.partition("/")
        if not slash:
            return self._association("route-table-association-id", id_)
        here = self._association("subnet-id", subnet)
        return here if here and here["RouteTableId"] == table else None

    def _association(self, filtered: str, value: str) -> Values | None:
        tables = self.ec2.describe_route_tables(
            Filters=[{"Name": f"association.{filtered}", "Values": [value]}]
        )["RouteTables"]
        return next(
            (
                one
                for table in tables
                for one in table["Associations"]
                if value in (one.get("SubnetId"), one["RouteTableAssociationId"])
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


def route_id(inputs: Values) -> str:
    """The id of a route in the form of the AWS provider: the API has no ids for routes."""
    return f"r-{inputs['routeTableId']}{crc32(inputs['destinationCidrBlock'].encode())}"


def _inline(route: Values) -> Values:
    return {
        "cidrBlock": route.get("DestinationCidrBlock", ""),
        "gatewayId": route.get("GatewayId", ""),
        "networkInterfaceId": route.get("NetworkInterfaceId", ""),
    }
