"""The inputs of an object: its kind, how inputs differ, and the live values of recorded ones."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from podnet.lab.providers.differences import changed
from podnet.lab.providers.kubernetes import quantities
from podnet.lab.providers.kubernetes.api import Kind
from podnet.lab.providers.kubernetes.configuration import Settings
from podnet.lab.providers.protocol import UNKNOWN, Diff, ProviderError, Value, Values

SECRET = Kind("v1", "Secret")
CONFIG_MAP = Kind("v1", "ConfigMap")
_TOKEN = re.compile(r"kubernetes:(?:core/)?(?P<version>[a-z0-9.-]+(?:/[a-z0-9]+)?):(?P<kind>\w+)")
_GENERATED = re.compile(r"(?:List|Patch)$")

PREFIX = "pulumi.com/"
SKIP_AWAIT, TIMEOUT = f"{PREFIX}skipAwait", f"{PREFIX}timeoutSeconds"
FORCE, PROPAGATION = f"{PREFIX}patchForce", f"{PREFIX}deletionPropagationPolicy"
ANNOTATIONS = (SKIP_AWAIT, TIMEOUT, FORCE, PROPAGATION)

REPLACED: Mapping[Kind, Sequence[str]] = {
    Kind("apps/v1", "DaemonSet"): ("spec.selector",),
    Kind("apps/v1", "Deployment"): ("spec.selector",),
    Kind("apps/v1", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    Kind("v1", "Pod"): ("spec",),
    Kind("v1", "ResourceQuota"): ("spec.scopes",),
    Kind("v1", "Service"): ("spec.clusterIP",),
    SECRET: ("type",),
    Kind("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): ("roleRef",),
    Kind("rbac.authorization.k8s.io/v1", "RoleBinding"): ("roleRef",),
    Kind("storage.k8s.io/v1", "StorageClass"): ("parameters", "provisioner"),
}
"""Properties that no update reaches, as in the real provider; name and namespace are others."""
DATA = {
    SECRET: ("enableSecretMutable", ("data", "stringData")),
    CONFIG_MAP: ("enableConfigMapMutable", ("data", "binaryData")),
}
"""Properties that replace an object unless this setting of the provider allows an update."""


def kind_of(type_: str) -> Kind:
    """The kind that a type token means; refuses what is more or less than one object."""
    match = _TOKEN.fullmatch(type_)
    if match is None or match["version"].startswith(("helm.sh", "yaml", "kustomize")):
        raise ProviderError(
            f"the lab does not serve {type_}: it serves single objects of the "
            f"Kubernetes API, no charts and no files of manifests",
            rule="object-type-not-served",
        )
    if _GENERATED.search(match["kind"]):
        raise ProviderError(
            f"the lab does not serve {type_}: it neither patches objects of "
            f"others nor makes lists; declare the object itself",
            rule="object-lists-not-served",
        )
    return Kind(match["version"], match["kind"])


def check(kind: Kind, inputs: Values) -> Values:
    """The inputs with the kind filled in; refuses what would not be heeded."""
    for name, own in (("apiVersion", kind.api_version), ("kind", kind.kind)):
        if inputs.get(name, own) not in (own, UNKNOWN):
            raise ProviderError(
                f"{name} {inputs[name]} of a {kind.kind} of {kind.api_version}",
                rule="object-kind-contradicts-type",
            )
    if at(inputs, "metadata.generateName") not in (None, UNKNOWN):
        raise ProviderError(
            "metadata.generateName is not served by the lab; leave the name out, and one is drawn",
            rule="generate-name-not-served",
        )
    for key, value in notes(inputs).items():
        if key.startswith(PREFIX) and key not in ANNOTATIONS:
            raise ProviderError(
                f"the annotation {key} is not served by the lab, which heeds "
                f"{', '.join(ANNOTATIONS)}",
                rule="annotation-not-served",
            )
        if key == TIMEOUT and value is not UNKNOWN and not str(value).isdecimal():
            raise ProviderError(
                f"the annotation {key} is {value!r}; it is a number of seconds",
                rule="annotation-not-seconds",
            )
    return {**_dashed(inputs), "apiVersion": kind.api_version, "kind": kind.kind}


def _dashed(value: Value) -> Any:  # noqa: ANN401  # of the same kind as the value
    """With the extensions of schemas as the API has them, which SDKs write with underscores."""
    if isinstance(value, dict):
        return {
            key.replace("_", "-") if key.startswith("x_kubernetes_") else key: _dashed(each)
            for key, each in value.items()
        }
    return [*map(_dashed, value)] if isinstance(value, list) else value


def notes(inputs: Values) -> dict[str, Any]:
    """The annotations, as far as they are known."""
    found = at(inputs, "metadata.annotations")
    return found if isinstance(found, dict) else {}


def diff(kind: Kind, settings: Settings, old: Values, new: Values) -> Diff:
    """Compare inputs; says which difference replaces the object."""
    before, after = (_canonical(settings, inputs) for inputs in (old, new))
    if at(after, "metadata.name") is None:
        before.get("metadata", {}).pop("name", None)  # a drawn name stays
    names = tuple(sorted(changed(before, after)))
    paths = ["kind", "metadata.name", "metadata.namespace", *REPLACED.get(kind, ())]
    switch, data = DATA.get(kind, ("", ()))
    if switch not in settings.on or old.get("immutable") is True:
        paths += data
    replaces = {path.partition(".")[0] for path in paths if at(before, path) != at(after, path)}
    stays = at(after, "metadata.name") is not None and all(
        at(before, path) == at(after, path) for path in ("metadata.name", "metadata.namespace")
    )
    return Diff(names, tuple(sorted(replaces)), bool(replaces) and stays)


def at(values: Value, path: str) -> Value:
    """The value at a path; `UNKNOWN` beyond something unknown, None where there is nothing."""
    for name in path.split("."):
        if not isinstance(values, dict):
            return UNKNOWN if values is UNKNOWN else None
        values = values.get(name)
    return values


def condition(live: Values, type_: str) -> dict[str, Any]:
    """The condition of a type that an object is in; empty without one."""
    for one in at(live, "status.conditions") or []:
        if one.get("type") == type_:
            return dict(one)
    return {}


def found(recorded: Values, live: Values) -> Values:
    """The recorded inputs as the live object has them: what nobody asked for stays out."""
    current = dict(live)
    if isinstance(recorded.get("stringData"), dict):
        current["stringData"] = _readable(live.get("data", {}))
        current["data"] = {
            key: value
            for key, value in (live.get("data") or {}).items()
            if key not in recorded["stringData"]
        }
    result = {name: _found(value, current.get(name), name) for name, value in recorded.items()}
    return {name: value for name, value in result.items() if value is not None}


def _found(recorded: Value, live: Value, name: str) -> Value:
    if not live and not recorded and isinstance(recorded, dict | list | bool | int | str):
        return recorded  # what says nothing, the API leaves out
    if isinstance(recorded, dict) and isinstance(live, dict):
        result = {
            key: _found(value, live.get(key), f"{name}.{key}") for key, value in recorded.items()
        }
        return {key: value for key, value in result.items() if value is not None}
    if isinstance(recorded, list) and isinstance(live, list):
        return list(_items(recorded, live, name))
    if quantities.same(name, recorded, live):
        return recorded
    return live


def _items(recorded: list[Any], live: list[Any], name: str) -> Iterator[Any]:
    """The items of a list: by their names where they have some, else by their places."""
    named = {item["name"]: item for item in live if isinstance(item, dict) and "name" in item}
    if len(named) == len(live) and all(
        isinstance(item, dict) and "name" in item for item in recorded
    ):
        pairs = [(item, named.get(item["name"])) for item in recorded]
    elif len(live) == len(recorded):
        pairs = list(zip(recorded, live, strict=True))
    else:
        yield from live
        return
    yield from (_found(one, other, name) for one, other in pairs if other is not None)


def _canonical(settings: Settings, inputs: Values) -> Values:
    metadata = inputs.get("metadata", {})
    if not isinstance(metadata, dict):
        return dict(inputs)
    return {
        **inputs,
        "metadata": {**metadata, "namespace": metadata.get("namespace") or settings.namespace},
    }


def _readable(data: Mapping[str, str]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}
