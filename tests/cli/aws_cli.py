"""As much of the AWS CLI as docs/operating.md asks for, where that is not installed."""

from __future__ import annotations

import json
import sys

import boto3
import jmespath


def values(option: str, given: list[str]) -> object:
    """The values of an option as the API takes them; filters are `Name=…,Values=…,…`."""
    if option != "filters":
        return given
    return [
        {"Name": name.removeprefix("Name="), "Values": listed.split(",")}
        for name, _, listed in (each.partition(",Values=") for each in given)
    ]


def main() -> None:
    """Do one command, `aws SERVICE COMMAND --option value …` or `aws SERVICE wait STATE …`."""
    service, command, *rest = sys.argv[1:]
    waits = command == "wait"
    if waits:
        command, *rest = rest
    options: dict[str, list[str]] = {}
    for word in rest:
        if word.startswith("--"):
            options[word[2:]] = []
        else:
            options[[*options][-1]].append(word)
    query, form = options.pop("query", None), options.pop("output", ["json"])
    arguments = {
        "".join(part.title() for part in option.split("-")): values(option, given)
        for option, given in options.items()
    }
    client, name = boto3.client(service), command.replace("-", "_")
    if waits:
        client.get_waiter(name).wait(**arguments)
        return
    found = getattr(client, name)(**arguments)
    found.pop("ResponseMetadata")
    found = jmespath.search(query[0], found) if query else found
    sys.stdout.write("\t".join(found) if form == ["text"] else json.dumps(found, default=str))


main()
