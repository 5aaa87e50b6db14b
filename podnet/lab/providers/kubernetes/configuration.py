"""The configuration of the Kubernetes provider in the lab, by an explicit provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podnet.lab.providers.differences import changed
from podnet.lab.providers.kubernetes.kubeconfig import Access, read
from podnet.lab.providers.protocol import UNKNOWN, Diff, ProviderError, Unknown, Values

TYPE = "pulumi:providers:kubernetes"
KUBECONFIG = "kubeconfig"
IDENTIFIER = "clusterIdentifier"
LEADS = (KUBECONFIG, "context", "cluster")
"""Properties that name the cluster."""
SWITCHES = {
    "deleteUnreachable": "forget what cannot be deleted, because its cluster does not answer",
    "enableConfigMapMutable": "change the data of a ConfigMap in place",
    "enableSecretMutable": "change the data of a Secret in place",
    "enablePatchForce": "take fields over from whoever else manages them",
    "upsertExistingObjects": "take over objects that exist already",
}
SERVED = frozenset({*LEADS, IDENTIFIER, "namespace", "enableServerSideApply", *SWITCHES})
# What the SDK fills in, or what only makes the provider say less or refuse more.
PASSED_OVER = frozenset(
    {"strictMode", "suppressDeprecationWarnings", "suppressHelmHookWarnings", "version"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The configuration of one explicit provider; by itself, that of the default one."""

    kubeconfig: str | Unknown | None = None
    context: str = ""
    cluster: str = ""
    namespace: str = "default"
    """For objects that name none."""
    on: frozenset[str] = frozenset()
    """Which of `SWITCHES` are on."""

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> Settings:
        """Read a checked configuration; what is not known yet stands for its default."""
        given = {
            name: value for name, value in configuration.items() if value not in (None, "", UNKNOWN)
        }
        return cls(
            kubeconfig=configuration.get(KUBECONFIG) or None,
            context=given.get("context", ""),
            cluster=given.get("cluster", ""),
            namespace=given.get("namespace", "default"),
            on=frozenset(name for name in SWITCHES if _is_on(name, given.get(name))),
        )

    def access(self) -> Access:
        """The cluster and how to get into it; refuses what is not known or not served."""
        if self.kubeconfig is None:
            raise ProviderError(
                "no kubeconfig was given; give the resource an explicit provider "
                "with one (kubernetes.Provider)",
                rule="kubeconfig-missing",
            )
        if isinstance(self.kubeconfig, Unknown):
            raise ProviderError("the kubeconfig is not known yet", rule="kubeconfig-unknown")
        return read(self.kubeconfig, self.context, self.cluster)


def check(configuration: Mapping[str, Any]) -> Values:
    """The configuration as it was given; `ProviderError` for what the lab does not serve."""
    given = {
        name: value
        for name, value in configuration.items()
        if value not in (None, "") and not name.startswith("__")
    }
    for name in sorted(given.keys() - SERVED - PASSED_OVER):
        raise ProviderError(
            f"kubernetes:{name} is not served by the lab, whose provider takes "
            f"{', '.join(sorted(SERVED))}",
            rule="kubernetes-setting-not-served",
        )
    if given.get("enableServerSideApply", True) is not UNKNOWN and not _is_on(
        "enableServerSideApply", given.get("enableServerSideApply", True)
    ):
        raise ProviderError(
            "kubernetes:enableServerSideApply must stay on: the lab's provider "
            "knows no other way to apply",
            rule="server-side-apply-required",
        )
    settings = Settings.of(given)
    if isinstance(settings.kubeconfig, str):
        settings.access()
    return given


def diff(old: Values, new: Values) -> Diff:
    """Compare configurations; as with the real provider, another cluster replaces."""
    names = changed(old, new)
    before, after = old.get(IDENTIFIER), new.get(IDENTIFIER)
    if before and after:
        return Diff(names, (IDENTIFIER,) if before != after else ())
    leads = tuple(name for name in LEADS if name in names)
    if any(new.get(name) is UNKNOWN for name in LEADS):
        # Whether it will be the same cluster is not known yet.
        return Diff(names, leads)
    was, is_ = (_server(configuration) for configuration in (old, new))
    return Diff(names, leads if was and is_ and was != is_ else ())


def _server(configuration: Values) -> object:
    if not configuration.get(KUBECONFIG):
        return None
    access = Settings.of(configuration).access()
    return access.server, access.authority, access.name


def _is_on(name: str, value: object) -> bool:
    """A switch, as the SDK sends it: JSON within a string."""
    if value in (None, False, "false"):
        return False
    if value in (True, "true"):
        return True
    raise ProviderError(
        f"kubernetes:{name} is {value!r}; it is true or false", rule="kubernetes-switch-malformed"
    )
