"""The cost of a run, and the prices it is made of."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from podnet.acceptance import prices
from podnet.acceptance.estimate import DESTROY, Estimate, NodePrice
from tests.refusals import refused


def estimate(**more):
    node = NodePrice(parts=(("t3.small", 0.02, "here"), ("disk", 0.01, "there")))
    return Estimate(**{"nodes": 3, "node": node, "switches": 8, "ceiling": 1.0, **more})


def test_the_cost_is_nodes_by_hours():
    found = estimate()

    assert found.hours == pytest.approx((15 + 8 * 6 + 3 * 12 + 20) / 60)
    assert found.hourly == pytest.approx(0.09)
    assert found.cost == pytest.approx(0.09 * found.hours)
    assert found.to_json()["ceiling"] == 1.0
    assert any("0.0900 USD an hour" in line for line in found.lines())


def test_the_run_ends_so_early_that_the_end_is_paid_as_well():
    found = estimate()

    assert (found.seconds / 3600 + DESTROY / 60) * found.hourly == pytest.approx(found.ceiling)


def test_a_run_that_costs_more_than_the_ceiling_is_refused():
    estimate(ceiling=estimate().cost + 0.001).check()
    with refused("acceptance-over-ceiling") as caught:
        estimate(ceiling=estimate().cost - 0.001).check()
    assert "--ceiling" in str(caught.value)


def test_a_run_that_may_begin_has_time_for_what_is_expected():
    found = estimate(ceiling=estimate().cost)

    assert found.seconds == pytest.approx((found.hours * 60 - DESTROY) * 60)


def product(unit, *dollars, **attributes):
    dimensions = {
        str(number): {"unit": unit, "pricePerUnit": {"USD": str(each)}}
        for number, each in enumerate(dollars)
    }
    return {
        "product": {"attributes": attributes},
        "terms": {"OnDemand": {"offer": {"priceDimensions": dimensions}}},
    }


class Pricing:
    """The Price List API: answers by what is filtered for, and remembers the filters."""

    def __init__(self, instances, disks):
        self.answers, self.asked = {"instances": instances, "disks": disks}, []

    def get_paginator(self, name):
        assert name == "get_products"
        return SimpleNamespace(paginate=self.paginate)

    def paginate(self, ServiceCode, Filters, FormatVersion):  # noqa: N803  # as boto3 calls them
        wanted = {each["Field"]: each["Value"] for each in Filters}
        assert (ServiceCode, FormatVersion) == ("AmazonEC2", "aws_v1")
        assert {each["Type"] for each in Filters} == {"TERM_MATCH"}
        self.asked.append(wanted)
        for each in self.answers["disks" if "volumeApiName" in wanted else "instances"]:
            yield {"PriceList": [json.dumps(each)]}


MACHINE = product("Hrs", 0.024, vcpu="2")
DISKS = [product("GB-Mo", 0.0952)]


def test_a_node_costs_its_type_its_disk_its_address_and_its_burst():
    pricing = Pricing([MACHINE], DISKS)
    found = prices.look_up(pricing, "eu-central-1", "t3.small")

    assert [price for _, price, _ in found.parts] == pytest.approx(
        [0.024, 2 * 0.05, 0.005, 8 * 0.0952 / 720]
    )
    assert pricing.asked == [
        {
            "regionCode": "eu-central-1",
            "instanceType": "t3.small",
            "operatingSystem": "Linux",
            "tenancy": "Shared",
            "preInstalledSw": "NA",
            "capacitystatus": "Used",
        },
        {"regionCode": "eu-central-1", "productFamily": "Storage", "volumeApiName": "gp3"},
    ]


def test_a_type_that_does_not_burst_costs_no_credits():
    assert len(prices.look_up(Pricing([MACHINE], DISKS), "eu-west-1", "m7i.large").parts) == 3
    assert len(prices.look_up(Pricing([MACHINE], DISKS), "eu-west-1", "trn1.2xlarge").parts) == 3


def test_of_several_prices_the_highest_counts():
    found = prices.look_up(
        Pricing([product("Hrs", 0, 0.5, vcpu="2"), MACHINE], DISKS), "eu-west-1", "m7i.large"
    )

    assert found.parts[0][1] == 0.5


class Refusing:
    """A Price List API that this caller may not ask."""

    def get_paginator(self, _name):
        def paginate(**_):
            raise ClientError(
                {"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetProducts"
            )

        return SimpleNamespace(paginate=paginate)


@pytest.mark.parametrize(
    "pricing",
    [
        Refusing(),
        Pricing([], DISKS),
        Pricing([MACHINE], []),
        Pricing([product("Hrs", 0, vcpu="2")], DISKS),
        Pricing([{"product": {}, "terms": {}}], DISKS),
    ],
    ids=["denied", "no-type", "no-disk", "for-nothing", "without-offer"],
)
def test_a_price_that_cannot_be_had_is_an_error_with_the_way_out(pricing):
    with refused("acceptance-price-unknown") as caught:
        prices.look_up(pricing, "eu-central-1", "t3.small")
    assert "--hourly-price" in str(caught.value)


def test_a_given_price_is_all_there_is():
    assert prices.given(0.25).hourly == 0.25
