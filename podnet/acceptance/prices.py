"""What a node costs: from the Price List API, and what that API does not say by region."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from podnet.acceptance.estimate import NodePrice
from podnet.account.session import Client, explained
from podnet.errors import UserError

ENDPOINT = "us-east-1"
"""A region that serves the prices of all (botocore, data/endpoints.json, api.pricing)."""
API = "Price List API, AmazonEC2"
ADDRESS = 0.005
"""A public IPv4 address, an hour, in every region (AWS News Blog, "New - AWS Public IPv4 Address
Charge + Public IP Insights")."""
DISK = 8
"""GiB of Debian's image."""
MONTH = 720
"""Hours of a month of 30 days, as in the examples of AWS's page of EBS prices."""
BURST = 0.05
"""What a processor of a burstable type costs an hour beyond its credits, with Linux: these types
are launched unlimited (EC2 User Guide, "Unlimited mode for burstable performance instances"; EC2
On-Demand pricing, "T2, T3, T4g Unlimited Mode Pricing")."""
BURSTABLE = re.compile(r"t[0-9]")
POLICY = "docs/iam/sweeper.json"


def given(hourly: float) -> NodePrice:
    """What the user says that a node costs, with its address and its disk."""
    return NodePrice(parts=(("node", hourly, "given by --hourly-price"),))


def look_up(pricing: Client, region: str, instance_type: str) -> NodePrice:
    """The parts of a node's price; raises `UserError` with the way out where one cannot be had."""
    machine = {
        "instanceType": instance_type,
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
    }
    disk = {"productFamily": "Storage", "volumeApiName": "gp3"}
    try:
        with explained("pricing", POLICY):
            instances = list(_products(pricing, region, machine))
            disks = list(_products(pricing, region, disk))
        instance, processors = _dearest(instances, "Hrs"), _processors(instances)
        gib = _dearest(disks, "GB-Mo")
    except (UserError, LookupError, ValueError) as error:
        raise UserError(
            f"the price of {instance_type} in {region} cannot be had ({error}); look it up and "
            "give what one node costs an hour with its disk and its public address, in USD, by "
            "--hourly-price",
            rule="acceptance-price-unknown",
        ) from error
    parts = [
        (instance_type, instance, API),
        ("public IPv4 address", ADDRESS, "AWS News Blog, Public IPv4 Address Charge"),
        (f"{DISK} GiB of gp3", gib * DISK / MONTH, API),
    ]
    if BURSTABLE.match(instance_type):
        what = f"{processors} processors that are busy all the time"
        parts.insert(1, (what, processors * BURST, "EC2 On-Demand pricing, Unlimited Mode"))
    return NodePrice(parts=tuple(parts))


def _products(pricing: Client, region: str, wanted: dict[str, str]) -> Iterator[dict[str, Any]]:
    filters = [
        {"Type": "TERM_MATCH", "Field": field, "Value": value}
        for field, value in {"regionCode": region, **wanted}.items()
    ]
    pages = pricing.get_paginator("get_products")
    for page in pages.paginate(ServiceCode="AmazonEC2", Filters=filters, FormatVersion="aws_v1"):
        for text in page["PriceList"]:
            product: dict[str, Any] = json.loads(text)
            yield product


def _dearest(products: list[dict[str, Any]], unit: str) -> float:
    """The highest price by this unit: of several that fit, none may be more than expected."""
    found = [
        float(dimension["pricePerUnit"]["USD"])
        for product in products
        for offer in product["terms"]["OnDemand"].values()
        for dimension in offer["priceDimensions"].values()
        if dimension["unit"] == unit
    ]
    if not any(found):
        raise LookupError(f"the API lists no price by {unit}")
    return max(found)


def _processors(products: list[dict[str, Any]]) -> int:
    return max(int(product["product"]["attributes"]["vcpu"]) for product in products)
