"""The sentences about a proof that fails."""

from __future__ import annotations

from podnet.plan.problem import Problem, Remark
from podnet.verify.packet import Drop
from podnet.verify.proof import Proof


def unproved(proof: Proof) -> Problem:
    """A deployment that is refused, since packets would be lost."""
    return Problem(
        rule="unproved",
        text=f"on paper {_first(proof)}. Nothing was changed; podnet:unproved: allow deploys it "
        "all the same",
        about=("unproved",),
    )


def unproved_allowed(proof: Proof) -> Remark:
    """The same where the settings allow it."""
    return Remark(
        rule="unproved-allowed",
        text=f"podnet:unproved is allow, so this is deployed although on paper {_first(proof)}",
        is_warning=True,
    )


def _first(proof: Proof) -> str:
    """The first failure, and how many more there are."""
    failed = proof.failed
    pair, failure = failed[0].pair, failed[0].failure
    why = (
        f"{failure.place}: {failure.reason}; {failure.fix}"
        if isinstance(failure, Drop)
        else failure
    )
    more = f", and {len(failed) - 1} kinds of packets more are lost" if failed[1:] else ""
    return f"no packet gets from {pair[0]} to {pair[1]} and back ({why}){more}"
