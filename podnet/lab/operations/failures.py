"""What is behind the error of a command whose cloud has died, or whose lab was removed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from http.client import HTTPException
from urllib.error import URLError

from podnet.cli.app import Invocation
from podnet.errors import UserError
from podnet.lab.cloud import process
from podnet.lab.engines.errors import ProgramError, ResourceError
from podnet.lab.home import DEFAULT, Home
from podnet.lab.stack.cloud import cloud_dead


def explain(error: Exception) -> UserError | None:
    """The sentence for an error that comes of an API or a lab that went away; None for others."""
    chain = list(_chain(error))
    no_answer = next((each for each in chain if isinstance(each, _no_answer())), None)
    place = Invocation.lab or DEFAULT
    if not Home.exists(place):
        if no_answer or any(isinstance(each, FileNotFoundError) for each in chain):
            return UserError(
                f"the lab of {place} was removed while this command ran, as `podnet down` does; "
                f"`podnet up` makes another",
                rule="lab-removed-meanwhile",
            )
        return None
    try:
        home = Home.open(place)
    except UserError:
        return None  # what is wrong with the lab's own record, the error says itself
    if process.running(home) is None and home.engines.exists():
        # The error of a resource or of the program was made of its text alone, not of its cause.
        made_of_text = isinstance(error, ResourceError | ProgramError)
        return cloud_dead(home) if no_answer or made_of_text else None
    if no_answer and not isinstance(error, UserError):
        return UserError(
            f"the lab's API gave no answer ({no_answer}); run the same command again, and see "
            f"{home.cloud_log} if it stays so",
            rule="api-silent",
        )
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised from, and what that was raised from."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__context__, each.__cause__]


def _no_answer() -> tuple[type[Exception], ...]:
    """The errors of a call that nobody answers; those of boto3 where it was used at all."""
    known = (ConnectionError, TimeoutError, URLError, HTTPException)
    if "botocore" not in sys.modules:
        return known
    from botocore import exceptions  # type: ignore[import-untyped]  # noqa: PLC0415  # loads slowly

    return (*known, exceptions.ConnectionError, exceptions.HTTPClientError)
