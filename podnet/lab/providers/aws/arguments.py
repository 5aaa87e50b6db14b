"""Arguments of look-ups: which are served, and what they are as filters of the API."""

from __future__ import annotations

from podnet.lab.providers.aws.session import Session
from podnet.lab.providers.protocol import ProviderError, Values


def known(token: str, args: Values, served: set[str]) -> None:
    """Refuse an argument that is not served."""
    for name in {name for name, value in args.items() if value is not None} - served - {"region"}:
        raise ProviderError(
            f"{token} has no argument {name} in the lab; served: {', '.join(sorted(served))}",
            rule="aws-argument-unknown",
        )


def filters(args: Values) -> list[Values]:
    """The argument `filters`, as the API takes it."""
    return [{"Name": one["name"], "Values": one["values"]} for one in args.get("filters") or []]


def tag_filters(tags: dict[str, str] | None) -> list[Values]:
    """Filters for these tags."""
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in (tags or {}).items()]


def ids_that_fit(
    session: Session, args: Values, operation: str, key: str, id_key: str, *more: Values
) -> Values:
    """The answer of a function that lists the ids that fit filters and tags."""
    found = session.all(
        session.ec2,
        operation,
        key,
        Filters=[*filters(args), *tag_filters(args.get("tags")), *more],
    )
    return {
        "id": session.region,
        "region": session.region,
        "ids": [one[id_key] for one in found],
        "filters": args.get("filters"),
        "tags": args.get("tags"),
    }
