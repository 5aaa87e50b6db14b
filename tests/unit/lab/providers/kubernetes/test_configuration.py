"""Explicit providers: what a kubeconfig may hold, and when it is that of another cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from podnet.lab.providers.kubernetes import KubernetesProvider, configuration
from podnet.lab.providers.kubernetes import kubeconfig as reading
from podnet.lab.providers.protocol import UNKNOWN
from tests.unit.lab.providers.kubernetes.conftest import CONFIG_MAP, SECRET, kubeconfig, text

TYPE = configuration.TYPE


@pytest.fixture
def root():
    return KubernetesProvider(Path("/run/netns/none"))


def test_a_kubeconfig_says_where_who_and_by_whose_word():
    access = reading.read(kubeconfig(tls_server_name="node-1"))

    assert access == reading.Access(
        server="https://203.0.113.9:6443",
        authority="an authority",
        name="node-1",
        certificate="a certificate",
        key="a key",
    )
    assert "a key" not in repr(access)


def test_a_token_does_in_the_place_of_a_certificate():
    access = reading.read(
        kubeconfig(token="hush", client_certificate_data=None, client_key_data=None)
    )

    assert (access.token, access.certificate) == ("hush", "")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("/root/.kube/config", "kubeconfig-without-clusters"),
        ("{hush: [", "kubeconfig-not-yaml"),
        (kubeconfig("http://203.0.113.9"), "kubeconfig-server-malformed"),
        (kubeconfig(certificate_authority_data=None), "kubeconfig-without-authority"),
        (
            kubeconfig(certificate_authority_data="%hush%"),
            "kubeconfig-not-base64",
        ),
        (kubeconfig(client_key_data=None), "kubeconfig-without-credentials"),
    ],
)
def test_what_would_need_more_than_itself_is_refused_without_being_quoted(
    root, refused, content, rule
):
    assert "hush" not in refused(rule, root.check, TYPE, {"kubeconfig": content})


@pytest.mark.parametrize(
    ("content", "entry"),
    [
        (
            kubeconfig(certificate_authority="/hush.pem"),
            "certificate-authority in the kubeconfig's cluster",
        ),
        (kubeconfig(insecure_skip_tls_verify=True), "insecure-skip-tls-verify"),
        (kubeconfig(proxy_url="http://proxy"), "proxy-url"),
        (kubeconfig(exec={"command": "hush"}), "exec in the kubeconfig's user 'admin'"),
        (kubeconfig(client_key="/hush.pem"), "client-key"),
    ],
)
def test_an_entry_that_the_lab_would_not_heed_is_named_and_not_quoted(
    root, refused, content, entry
):
    message = refused("kubeconfig-entry-not-served", root.check, TYPE, {"kubeconfig": content})

    assert entry in message
    assert "hush" not in message


def test_another_context_may_be_chosen_and_one_that_is_not_there_is_named(root, refused):
    content = kubeconfig()

    assert root.check(TYPE, {"kubeconfig": content, "context": "admin@kubernetes"})
    assert "context 'prod'; it has admin@kubernetes" in refused(
        "kubeconfig-entry-missing", root.check, TYPE, {"kubeconfig": content, "context": "prod"}
    )
    assert "cluster 'prod'; it has kubernetes" in refused(
        "kubeconfig-entry-missing", root.check, TYPE, {"kubeconfig": content, "cluster": "prod"}
    )


def test_a_kubeconfig_is_not_taken_without_a_namespace_to_use_it_in(refused):
    refused(
        "kubeconfig-outside-lab", KubernetesProvider(None).check, TYPE, {"kubeconfig": kubeconfig()}
    )

    assert KubernetesProvider(None).check(TYPE, {}) == {}


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"renderYamlToDirectory": "out"}, "kubernetes-setting-not-served"),
        ({"enableServerSideApply": "false"}, "server-side-apply-required"),
        ({"deleteUnreachable": "perhaps"}, "kubernetes-switch-malformed"),
    ],
)
def test_what_the_lab_would_not_heed_is_refused(root, refused, given, rule):
    refused(rule, root.check, TYPE, given)


def test_what_is_not_known_yet_passes(root):
    given = {"kubeconfig": UNKNOWN, "enableServerSideApply": UNKNOWN, "namespace": UNKNOWN}
    under = root.with_configuration(TYPE, root.check(TYPE, given))

    assert under.check(CONFIG_MAP, {"data": UNKNOWN})["kind"] == "ConfigMap"


def test_with_a_kubeconfig_that_is_not_known_nothing_is_asked(root, refused):
    refused(
        "kubeconfig-unknown",
        root.with_configuration(TYPE, {"kubeconfig": UNKNOWN}).read,
        CONFIG_MAP,
        "default/a",
        {},
        {},
    )


def test_a_resource_without_an_explicit_provider_is_refused_in_a_preview_already(root, refused):
    refused("kubeconfig-missing", root.check, CONFIG_MAP, {})


def test_a_stack_that_configures_the_default_provider_is_refused(root, refused):
    root.configure({"podnet:kubernetes": "kubeadm", "aws:region": "eu-central-1"})

    assert "kubernetes:kubeconfig" in refused(
        "kubernetes-setting-not-served-by-default", root.configure, {"kubernetes:kubeconfig": "x"}
    )


def test_kubeconfigs_and_the_data_of_secrets_are_secret_by_themselves(root):
    assert root.secret(TYPE) == {"kubeconfig"}
    assert root.secret(SECRET) == {"data", "stringData"}
    assert root.secret(CONFIG_MAP) == set()


ONE, OTHER = kubeconfig(), kubeconfig("https://203.0.113.10:6443")


@pytest.mark.parametrize(
    ("old", "new", "changed", "replaces"),
    [
        pytest.param({"kubeconfig": ONE}, {"kubeconfig": ONE}, (), (), id="the same"),
        pytest.param(
            {"kubeconfig": ONE},
            {"kubeconfig": OTHER},
            ("kubeconfig",),
            ("kubeconfig",),
            id="another server",
        ),
        pytest.param(
            {"kubeconfig": ONE},
            {"kubeconfig": kubeconfig(certificate_authority_data=text("another"))},
            ("kubeconfig",),
            ("kubeconfig",),
            id="another authority",
        ),
        pytest.param(
            {"kubeconfig": ONE},
            {"kubeconfig": kubeconfig(client_key_data=text("new"))},
            ("kubeconfig",),
            (),
            id="another key",
        ),
        pytest.param(
            {"kubeconfig": ONE},
            {"kubeconfig": UNKNOWN},
            ("kubeconfig",),
            ("kubeconfig",),
            id="not known yet",
        ),
        pytest.param(
            {"kubeconfig": ONE, "clusterIdentifier": "a"},
            {"kubeconfig": OTHER, "clusterIdentifier": "a"},
            ("kubeconfig",),
            (),
            id="the same by its identifier",
        ),
        pytest.param(
            {"kubeconfig": ONE, "clusterIdentifier": "a"},
            {"kubeconfig": ONE, "clusterIdentifier": "b"},
            ("clusterIdentifier",),
            ("clusterIdentifier",),
            id="another by its identifier",
        ),
        pytest.param(
            {"kubeconfig": ONE},
            {"kubeconfig": ONE, "clusterIdentifier": "b"},
            ("clusterIdentifier",),
            (),
            id="an identifier for the first time",
        ),
        pytest.param({}, {"kubeconfig": ONE}, ("kubeconfig",), (), id="none before"),
        pytest.param(
            {"kubeconfig": ONE},
            {"kubeconfig": ONE, "namespace": "x"},
            ("namespace",),
            (),
            id="another default namespace",
        ),
    ],
)
def test_another_cluster_replaces_and_another_way_into_the_same_does_not(
    root, old, new, changed, replaces
):
    diff = root.diff(TYPE, "", old, {}, new)

    assert (diff.changed, diff.replaces) == (changed, replaces)
