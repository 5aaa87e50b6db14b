import pytest

from podnet.lab.nodes.pods import PodError, check_name
from tests.refusals import refused


@pytest.mark.parametrize("name", ["a", "web-1", "1web", "a" * 63])
def test_a_dns_label_is_a_pod_name(name):
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", "Web", "web_1", "-web", "web-", "web.1", "../web", "web\n", "wéb", "a" * 64]
)
def test_anything_else_is_refused_with_the_rule(name):
    with refused("pod-name-is-dns-label", PodError):
        check_name(name)
