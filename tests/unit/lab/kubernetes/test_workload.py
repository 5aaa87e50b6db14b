"""The objects that the lab applies to a cluster to verify it."""

import json

from podnet.lab.kubernetes import workload


def by_kind(nodes):
    found = {}
    for each in workload.objects(nodes):
        found.setdefault(each["kind"], {})[each["metadata"]["name"]] = each
    return found


def pod_of(each):
    return each["spec"]["template"]["spec"]


def test_there_is_a_pod_of_each_kind_for_every_node():
    found = by_kind(5)

    assert set(found["DaemonSet"]) == {"daemon", "host"}
    assert found["Deployment"]["web"]["spec"]["replicas"] == 5
    assert workload.wanted(5) == {"daemon": 5, "web": 5, "host": 5}


def test_pods_with_addresses_have_two_containers_and_one_is_in_the_network_of_its_node():
    found = by_kind(3)
    daemon, host = (pod_of(found["DaemonSet"][name]) for name in ("daemon", "host"))

    assert [each["name"] for each in daemon["containers"]] == ["a", "b"]
    assert [each["name"] for each in pod_of(found["Deployment"]["web"])["containers"]] == ["a", "b"]
    assert (daemon.get("hostNetwork"), host["hostNetwork"]) == (None, True)


def test_no_pod_may_do_more_than_be_there():
    for each in workload.objects(3):
        if each["kind"] in ("DaemonSet", "Deployment"):
            spec = pod_of(each)
            assert spec["automountServiceAccountToken"] is False
            assert spec["securityContext"]["runAsNonRoot"] is True
            assert {
                json.dumps(one["securityContext"], sort_keys=True) for one in spec["containers"]
            } == {
                json.dumps(
                    {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                    sort_keys=True,
                )
            }


def test_what_a_drain_moves_does_not_come_back_to_the_node():
    tolerations = pod_of(by_kind(3)["Deployment"]["web"])["tolerations"]

    assert [each.get("key") for each in tolerations] == ["node-role.kubernetes.io/control-plane"]


def test_services_have_both_protocols_and_one_stays_on_the_node():
    found = by_kind(3)["Service"]

    assert {name: each["spec"].get("internalTrafficPolicy") for name, each in found.items()} == {
        "web": None,
        "daemon": "Local",
    }
    for each in found.values():
        assert {
            (port["protocol"], port["port"], port["targetPort"]) for port in each["spec"]["ports"]
        } == {("TCP", 80, 8080), ("UDP", 80, 8080)}


def test_all_of_it_is_one_list_in_a_namespace_of_its_own():
    items = json.loads(workload.text(2))["items"]

    assert {each["metadata"].get("namespace") for each in items if each["kind"] != "Namespace"} == {
        "podnet-probe"
    }
