"""What a deployment takes of a quota, and whether that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podnet.plan.problem import Problem, Remark
from podnet.plan.quotas.quota import Quota


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A row of the table: a quota, and what a deployment takes of it."""

    quota: Quota
    after: int
    """What the stack has when the deployment is done."""
    peak: int
    """The most that it has until then, while what is replaced and what replaces it exist."""
    elsewhere: int = 0
    """What others use of it, as far as that can be counted."""
    way_out: str
    """What one who has no more can do."""
    about: tuple[str, ...]
    """The settings that decide it."""

    def left(self, limit: int) -> int:
        """What is left of the quota at the peak; negative for what is missing."""
        return limit - self.elsewhere - self.peak


def headroom(needs: Sequence[Need], limits: Mapping[Quota, int]) -> Remark:
    """Every row of the table in short."""
    rows = []
    for need in needs:
        limit = limits[need.quota]
        notes = [f"{max(0, need.left(limit)):,} left"]
        if need.elsewhere:
            notes.append(f"{need.elsewhere:,} used elsewhere")
        if need.after != need.peak:
            notes.append(f"{need.after:,} in the end")
        rows.append(f"{need.peak:,} of {limit:,} {need.quota.counted} ({', '.join(notes)})")
    return Remark(rule="quotas", text=f"quotas, at the peak of this deployment: {', '.join(rows)}")


def unknown(quotas: Sequence[Quota]) -> Remark:
    """For quotas of the account that cannot be read."""
    defaults = ", ".join(f"{quota.label} {quota.default:,}" for quota in quotas)
    return Remark(
        rule="quotas-unknown",
        text=f"Service Quotas does not report these quotas; assuming AWS's defaults: {defaults}",
        is_warning=True,
    )


def exceeded(need: Need, limit: int) -> Problem:
    """For a deployment that AWS would stop half-way."""
    quota = need.quota
    on_request = f" (at most {quota.most:,})" if quota.most else ""
    return Problem(
        rule="quota-exceeded",
        text=f"{_compared(need, limit)}. {need.way_out}; or ask AWS for more{on_request} and, "
        "while Service Quotas does not show it yet, set podnet:ignoreQuotas to true",
        about=(*need.about, "ignoreQuotas"),
    )


def ignored(need: Need, limit: int) -> Remark:
    """For a deployment that is tried although the account seems to have too little."""
    return Remark(
        rule="quota-ignored",
        text=f"podnet:ignoreQuotas is set, so this is tried: {_compared(need, limit)}",
        is_warning=True,
    )


def doubtful(need: Need) -> Remark:
    """For more than the default of a quota that cannot be read."""
    return Remark(
        rule="quota-doubtful",
        text=f"AWS stops this deployment half-way unless the account has more than the default: "
        f"{_compared(need, need.quota.default)}. {need.way_out}, if it has not",
        is_warning=True,
    )


def _compared(need: Need, limit: int) -> str:
    quota = need.quota
    peak = f"{need.peak:,} {quota.counted}"
    if need.after != need.peak:
        peak = f"{need.peak:,} {quota.counted} at its peak and {need.after:,} in the end"
    elsewhere = f", {need.elsewhere:,} are used elsewhere" if need.elsewhere else ""
    return (
        f"this deployment needs {peak}{elsewhere}, and the quota {quota.label} is {limit:,}: "
        f"{-need.left(limit):,} too many"
    )
