"""What an API server refuses, in its own words."""

from __future__ import annotations

import pytest

from podnet.lab.providers.kubernetes.api import RefusedError
from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.kubernetes.conftest import (
    CONFIG_MAP,
    DEPLOYMENT,
)
from tests.unit.lab.providers.kubernetes.pki import Authority

pytestmark = pytest.mark.kubernetes


def test_a_manifest_that_is_wrong_is_refused_in_the_api_servers_words(made):
    with refused("api-server-refused", RefusedError) as caught:
        made(
            DEPLOYMENT,
            {"name": "bad"},
            spec={
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {}},
            },
        )

    assert "spec.template.spec.containers: Required value" in str(caught.value)


def test_an_object_in_a_namespace_that_is_not_there_says_so(made):
    with refused("api-server-refused", RefusedError) as caught:
        made(CONFIG_MAP, {"name": "one", "namespace": "nowhere"}, data={"a": "b"})

    assert 'namespaces "nowhere" not found' in str(caught.value)


def test_a_user_without_permission_is_refused(cluster, made):
    visitor = cluster.provider(kubeconfig=cluster.kubeconfig_of("visitor"))

    with refused("api-server-refused", RefusedError) as caught:
        made(CONFIG_MAP, {"name": "one"}, visitor, data={"a": "b"})

    assert 'User "visitor" cannot get resource "configmaps"' in str(caught.value)


def test_a_kubeconfig_of_another_cluster_is_refused(cluster):
    other = cluster.provider(kubeconfig=cluster.kubeconfig_of("admin", Authority()))

    with refused("api-server-not-trusted", ProviderError):
        other.read(CONFIG_MAP, "default/one", {}, {})
