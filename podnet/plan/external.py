"""Sentences of a preview about a CNI to which nodes leave their pods."""

from __future__ import annotations

from podnet.plan.cni import PRESETS, Cni, Preset
from podnet.plan.problem import Problem, Remark
from podnet.plan.routing import Variant
from podnet.plan.settings import Settings


def left(settings: Settings, preset: Preset) -> Remark:
    """What is left to it, what it needs, and what nothing proves."""
    needs = f" {preset.expects}." if preset.expects else ""
    return Remark(
        rule="left-to-cni",
        text=f"routing external leaves the pods to {preset.title}: conflist, routes, and "
        f"masquerading ({preset.masquerades}). podnet keeps the nodes, their blocks of "
        f"{settings.pod_cidr}, the firewall and the drop of packets to the metadata service."
        f"{needs} The proof on paper says nothing of packets from and to pods; `podnet matrix` "
        "sends them",
    )


def live_switch(previous: Variant, variant: Variant) -> Problem:
    """A change to another CNI, or from it, while nodes live."""
    return Problem(
        rule="external-live-switch",
        text=f"podnet:routing cannot change from {previous.name} to {variant.name} while nodes "
        f"live: {_who(previous)} and {_who(variant)} would both keep the conflist, the routes and "
        "masquerading, and pods made under one would hold links and addresses that the other does "
        f"not know. Step by step: deploy a new stack with {variant.name}, move the workload "
        "there, and destroy this one; or set podnet:routing and podnet:cni back",
        about=("routing", "cni"),
    )


def _who(variant: Variant) -> str:
    if variant.routing.cni:
        return PRESETS[Cni(variant.routing.cni)].title
    return "Flannel" if variant.name.startswith("flannel") else "podnet"
