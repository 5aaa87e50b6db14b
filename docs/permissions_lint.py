"""`python -m docs.permissions_lint`: what parliament finds in the policies of docs/iam.

An action that is asked about several resources may stand in several statements, with a condition
for each; so its resources are linted over the whole policy, and all else as the files have it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from parliament import analyze_policy_string, enhance_finding

from docs.permissions import FOLDER

BY_STATEMENT = "RESOURCE_MISMATCH"


def findings(policy: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the policy, a line each."""
    for document, is_whole in ((policy, False), (_by_action(policy), True)):
        for finding in analyze_policy_string(json.dumps(document)).findings:
            if (finding.issue == BY_STATEMENT) == is_whole:
                known = enhance_finding(finding)
                yield f"{known.severity} {known.title}: {finding.detail} {finding.location}"


def _by_action(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The policy with one statement for each action, on all of its resources."""
    resources: dict[str, list[str]] = {}
    for statement in policy["Statement"]:
        given = statement["Resource"]
        for action in statement["Action"]:
            resources.setdefault(action, []).extend([given] if isinstance(given, str) else given)
    return {
        "Version": policy["Version"],
        "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": sorted(set(arns))}
            for action, arns in resources.items()
        ],
    }


def main() -> int:
    """Print all findings; 1 where there are any."""
    lines = [
        f"{file.name}: {line}"
        for file in sorted(FOLDER.glob("*.json"))
        # parliament takes the star of the partition for one of everything.
        for line in findings(json.loads(file.read_text().replace("arn:*:", "arn:aws:")))
    ]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
