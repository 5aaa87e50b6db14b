"""Clients of the lab's API take nothing from the environment of whoever runs a command."""

import pytest
from botocore.exceptions import EndpointConnectionError

from podnet.lab.clients import client

ENVIRONMENTS = [
    {"AWS_PROFILE": "nobody"},
    {"AWS_CONFIG_FILE": "/etc"},
    {"AWS_MAX_ATTEMPTS": "many"},
    {"AWS_RETRY_MODE": "hopeful"},
    {"AWS_CA_BUNDLE": "/nowhere"},
    {"AWS_ENDPOINT_URL": "nowhere", "AWS_ENDPOINT_URL_EC2": "nowhere"},
    {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
    {"HTTP_PROXY": "http://192.0.2.1:9", "http_proxy": "nowhere"},
    {"AWS_METADATA_SERVICE_TIMEOUT": "soon", "AWS_DEFAULTS_MODE": "x"},
    {"AWS_REQUEST_CHECKSUM_CALCULATION": "x", "AWS_ACCOUNT_ID_ENDPOINT_MODE": "x"},
]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda each: next(iter(each)))
@pytest.mark.parametrize("service", ["ec2", "ssm"])
def test_a_client_asks_the_endpoint_it_was_given(monkeypatch, environment, service):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    asking = client(service, "http://127.0.0.1:1", "eu-central-1")

    with pytest.raises(EndpointConnectionError, match=r"http://127\.0\.0\.1:1/"):
        asking.describe_vpcs() if service == "ec2" else asking.describe_parameters()


def test_clients_share_what_describes_their_services():
    one, other = (client("ssm", "http://127.0.0.1:1", "eu-central-1") for _ in range(2))

    assert one.meta.service_model.metadata is other.meta.service_model.metadata
