"""Results of the drills: rows of tables, and plain values for JSON."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table

from podnet.cli.render import table
from podnet.lab.operations.drills.api import Outcome
from podnet.lab.operations.drills.faults import FaultOutcome
from podnet.lab.operations.drills.neighbours import Crossing, Reached
from podnet.lab.operations.drills.update import UpdateOutcome
from podnet.lab.operations.switching import Switch


def plain_update(each: UpdateOutcome) -> dict[str, object]:
    """What a node made of a release, as plain values."""
    return {
        "case": each.case,
        "node": each.node,
        "from": each.before,
        "to": each.after,
        "seconds": round(each.seconds, 1),
        "refusal": each.refusal,
        "datagrams": each.losses.sent,
        "lost": each.losses.lost,
        "broken": len(each.losses.broken),
    }


def update_table(outcomes: list[UpdateOutcome]) -> Table:
    """What nodes made of releases."""
    rows = table("case", "node", "from", "to", numbers=("time", "packets lost", "broken"))
    for each in outcomes:
        losses = each.losses
        rows.add_row(
            each.case,
            each.node,
            each.before,
            f"{each.wanted}: back to {each.after}" if each.refusal else each.after,
            f"{each.seconds:.1f} s",
            f"{losses.lost} of {losses.sent}",
            f"{len(losses.broken)} of {len(losses.pairs)}",
            style="" if each.passed else "red",
        )
    return rows


def plain_fault(each: FaultOutcome) -> dict[str, object]:
    """What became of a fault, as plain values."""
    return {
        "fault": each.fault,
        "healed": each.healed,
        "seconds": round(each.seconds, 1),
        "named": each.named,
        "whole": each.whole,
        "datagrams": each.losses.sent,
        "lost": each.losses.lost,
        "broken": len(each.losses.broken),
    }


def fault_table(outcomes: list[FaultOutcome]) -> Table:
    """What became of faults."""
    rows = table("fault", "outcome", numbers=("packets lost", "connections broken"))
    for each in outcomes:
        losses = each.losses
        rows.add_row(
            each.fault,
            each.words,
            f"{losses.lost} of {losses.sent}",
            f"{len(losses.broken)} of {len(losses.pairs)}",
            style="" if each.passed else "red",
        )
    return rows


def plain_outcome(each: Outcome) -> dict[str, object]:
    """An operation under a fault of the API, as plain values."""
    losses = each.losses
    return {
        "fault": each.fault,
        "operation": each.operation,
        "done": each.done,
        "outcome": each.words,
        "datagrams": losses and losses.sent,
        "lost": losses and losses.lost,
        "broken": losses and len(losses.broken),
    }


def outcome_table(outcomes: list[Outcome]) -> Table:
    """Operations under faults of the API."""
    rows = table("fault", "operation", "outcome", numbers=("packets lost",))
    for each in outcomes:
        lost = "" if each.losses is None else f"{each.losses.lost} of {each.losses.sent}"
        style = "" if each.passed else "red"
        rows.add_row(each.fault, each.operation, each.words, lost, style=style)
    return rows


def plain_switch(each: Switch) -> dict[str, object]:
    """A switch and what it cost, as plain values."""
    losses = each.losses
    return {
        "from": each.before,
        "to": each.after,
        "seconds": losses.seconds,
        "datagrams": losses.sent,
        "lost": losses.lost,
        "connections": len(losses.pairs),
        "broken": len(losses.broken),
        "red": sorted({f"{failed.source} to {failed.target}" for failed in each.matrix.failed}),
        "replaced": each.replaced,
    }


def switch_table(switches: list[Switch]) -> Table:
    """Switches and what they cost."""
    measured = ("time", "datagrams", "lost", "longest outage", "connections", "broken", "pairs")
    rows = table("from", "to", numbers=measured)
    for each in switches:
        losses = each.losses
        rows.add_row(
            each.before,
            each.after,
            f"{losses.seconds:.1f} s",
            str(losses.sent),
            str(losses.lost),
            f"{losses.outage * 1000:.0f} ms",
            str(len(losses.pairs)),
            str(len(losses.broken)),
            f"{each.matrix.passed} of {each.matrix.pairs}",
            style="" if each.passed else "red",
        )
    return rows


def plain_neighbours(each: Reached | Crossing) -> dict[str, object]:
    """What a host of the VPC has to do with pods, or a switch with both, as plain values."""
    if isinstance(each, Reached):
        return {
            "mode": each.mode,
            "neighbour": str(each.place),
            "named": each.named,
            "pods": each.pods,
            "answered": each.answered,
            "seen": [*each.host_sees],
            "reached": each.reached,
            "passed": each.passed,
        }
    losses = each.losses
    return {
        "from": each.before,
        "to": each.after,
        "neighbour": str(each.place),
        "openedBy": each.opener,
        "datagrams": losses.sent,
        "lost": losses.lost,
        "outage": losses.outage,
        "connections": len(losses.pairs),
        "broken": sorted(pair.broken for pair in losses.broken if pair.broken),
        "passed": each.passed,
    }


def neighbour_tables(rows: list[Reached | Crossing]) -> Group:
    """Who reaches whom in each mode, and what became of flows in each switch."""
    reached = table("mode", "neighbour", "pods reach it", "it sees", "it reaches pods", "preview")
    crossed = table("from", "to", "neighbour", "opened by", "UDP", "TCP")
    for each in rows:
        style = "" if each.passed else "red"
        if isinstance(each, Reached):
            reached.add_row(
                each.mode,
                each.place,
                f"{each.answered} of {each.pods}",
                ", ".join(each.host_sees),
                f"{each.reached} of {each.pods}",
                "names it" if each.named else "",
                style=style,
            )
        else:
            crossed.add_row(
                each.before,
                each.after,
                each.place,
                each.opener,
                each.datagrams,
                each.connections,
                style=style,
            )
    return Group(reached, crossed)
