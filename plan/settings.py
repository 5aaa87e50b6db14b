"""The settings of a stack: their names, how they are read, and that they keep the rules."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from plan import parse, rules
from plan.kubernetes import Kubernetes
from plan.routing import Encapsulation, FlannelBackend, RoutingMode, Uplink
from plan.values import Fabric, Values

NAMESPACE = "podnet"


class SettingsError(ValueError):
    """All that is wrong with a stack's settings, one line a problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            f"{count} in the settings of this stack:\n"
            + "\n".join(f"  - {problem}" for problem in problems)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Values):
    """The settings of one stack, checked."""

    @classmethod
    def from_config(cls, config: Mapping[str, str]) -> Settings:
        """Settings from raw configuration values, keyed `podnet:vpcCidr` and so on.

        Keys of other namespaces are left alone. Raises `SettingsError` with every problem.
        """
        problems: list[str] = []
        values: dict[str, object] = {}
        unread: set[str] = set()
        for key, raw in config.items():
            namespace, _, name = key.partition(":")
            if namespace != NAMESPACE:
                continue
            if name not in PARSERS:
                problems.append(_unknown(key))
                continue
            attribute, parser = PARSERS[name]
            try:
                values[attribute] = parser(raw)
            except ValueError as error:
                problems.append(f"{key} {error}")
                unread.add(name)
        # The rules between settings are checked on what could be read, so that one bad value
        # does not hide the others.
        settings = cls(**values)  # type: ignore[arg-type]  # the parsers are typed by field below
        problems += [f"{NAMESPACE}:{problem}" for problem in settings.problems(unread)]
        if problems:
            raise SettingsError(problems)
        return settings

    def problems(self, unread: Collection[str] = ()) -> Iterator[str]:
        """Every rule these values break, named as the YAML names them.

        Rules about a setting in `unread` are left out: its value is a default nobody wrote.
        """
        for text, about in rules.problems(self):
            if not set(about) & set(unread):
                yield text


def _unknown(key: str) -> str:
    name = key.partition(":")[2]
    close = difflib.get_close_matches(name, PARSERS, n=1)
    hint = f"did you mean {NAMESPACE}:{close[0]}?" if close else f"known: {', '.join(PARSERS)}"
    return f"{key} is not a setting of podnet; {hint}"


def _camel(attribute: str) -> str:
    head, *rest = attribute.split("_")
    return head + "".join(word.capitalize() for word in rest)


_PARSER_OF = {
    "vpc_cidr": parse.cidr,
    "pod_cidr": parse.cidr,
    "service_cidr": parse.cidr,
    "pod_block_prefix": parse.integer,
    "zones": parse.integer,
    "node_count": parse.integer,
    "max_nodes": parse.integer,
    "routing": parse.word(RoutingMode),
    "encapsulation": parse.word(Encapsulation),
    "vni": parse.integer,
    "vxlan_port": parse.integer,
    "checksum_offload": parse.boolean,
    "cross_zone_only": parse.boolean,
    "uplink": parse.word(Uplink),
    "fabric": parse.word(Fabric),
    "kubernetes": parse.word(Kubernetes),
    "kubernetes_version": parse.kubernetes_version,
    "cluster_timeout_seconds": parse.integer,
    "node_port_cidrs": parse.cidrs,
    "flannel_backend": parse.word(FlannelBackend),
    "flannel_direct_routing": parse.boolean,
    "flannel_image": parse.pinned_image,
    "flannel_plugin_image": parse.pinned_image,
    "instance_type": parse.instance_type,
    "image_id": parse.image_id,
    "tags": parse.tags,
    "admin_cidrs": parse.admin_cidrs,
    "session_manager": parse.boolean,
    "ignore_route_quota": parse.boolean,
    "roll": parse.node_names,
}
PARSERS = {
    _camel(item.name): (item.name, _PARSER_OF[item.name]) for item in dataclasses.fields(Settings)
}
"""The settings as the YAML names them: (attribute, parser of the raw text)."""
