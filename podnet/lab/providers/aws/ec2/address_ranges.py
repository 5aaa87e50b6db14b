"""Further ranges of a VPC, and what a subnet keeps from those who ask for any address."""

from __future__ import annotations

from podnet.lab.providers.aws.base import Attempt
from podnet.lab.providers.aws.ec2.resource import Ec2Resource
from podnet.lab.providers.aws.schema import Schema
from podnet.lab.providers.aws.session import gone_is_fine
from podnet.lab.providers.protocol import Values


class VpcIpv4CidrBlockAssociation(Ec2Resource):
    """A range of a VPC beside the one that it was made with."""

    type_ = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"
    schema = Schema(
        required={"vpcId", "cidrBlock"},
        replaced_by={"vpcId", "cidrBlock"},
        networks={"cidrBlock"},
    )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt  # a VPC has one association of a range
        made = self.ec2.associate_vpc_cidr_block(
            VpcId=inputs["vpcId"], CidrBlock=inputs["cidrBlock"]
        )
        return str(made["CidrBlockAssociation"]["AssociationId"])

    def describe(self, id_: str, known: Values) -> Values | None:
        del known
        found = self.ec2.describe_vpcs(
            Filters=[{"Name": "cidr-block-association.association-id", "Values": [id_]}]
        )["Vpcs"]
        return next(
            (
                {"vpcId": vpc["VpcId"], "cidrBlock": each["CidrBlock"]}
                for vpc in found
                for each in vpc["CidrBlockAssociationSet"]
                if each["AssociationId"] == id_ and each["CidrBlockState"]["State"] == "associated"
            ),
            None,
        )

    def delete_call(self, id_: str, known: Values) -> None:
        # Once: the AWS provider does not repeat it either.
        del known
        self.ec2.disassociate_vpc_cidr_block(AssociationId=id_)


class SubnetCidrReservation(Ec2Resource):
    """A range of a subnet that AWS does not give away by itself.

    EC2 knows it by its subnet; an import names both, and the id is that of the reservation.
    """

    type_ = "aws:ec2/subnetCidrReservation:SubnetCidrReservation"
    schema = Schema(
        required={"subnetId", "cidrBlock", "reservationType"},
        key={"subnetId"},
        replaced_by={"subnetId", "cidrBlock", "reservationType"},
        networks={"cidrBlock"},
    )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt  # reservations of a subnet do not overlap
        made = self.ec2.create_subnet_cidr_reservation(
            SubnetId=inputs["subnetId"],
            Cidr=inputs["cidrBlock"],
            ReservationType=inputs["reservationType"],
        )
        return str(made["SubnetCidrReservation"]["SubnetCidrReservationId"])

    def imported(self, id_: str) -> Values:
        subnet, colon, _ = id_.partition(":")
        return {"subnetId": subnet} if colon else {}

    def describe(self, id_: str, known: Values) -> Values | None:
        own = id_.rpartition(":")[2]
        with gone_is_fine():
            found = self.ec2.get_subnet_cidr_reservations(SubnetId=known["subnetId"])
            for each in found["SubnetIpv4CidrReservations"]:
                if each["SubnetCidrReservationId"] == own:
                    return {
                        "subnetId": each["SubnetId"],
                        "cidrBlock": each["Cidr"],
                        "reservationType": each["ReservationType"],
                        "ownerId": each["OwnerId"],
                    }
        return None

    def delete_call(self, id_: str, known: Values) -> None:
        del known
        self.ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=id_.rpartition(":")[2])
