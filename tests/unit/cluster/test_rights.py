"""The ClusterRole in docs gives what a probe asks for, and nothing else."""

from pathlib import Path

import yaml

from podnet.cluster.rights import RIGHTS
from podnet.cluster.workload import NAMESPACE

ROLE = Path(__file__).parents[3] / "docs/matrix-cluster.yaml"


def test_the_cluster_role_gives_the_rights_that_are_asked_for():
    role = yaml.safe_load(ROLE.read_text())
    given = {
        (verb, resource, group, name)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }

    assert given == {
        (
            right.verb,
            "/".join(filter(None, (right.resource, right.subresource))),
            right.group,
            right.attributes().get("name", ""),
        )
        for right in RIGHTS
    }
    assert any(name == NAMESPACE for *_, name in given)
