"""Operations that are tried again, since AWS fails them for a reason that passes by itself."""

from __future__ import annotations

from asyncio import sleep

import pulumi

TRIES = 15
SECONDS_BETWEEN = 2.0


def of_tags(name: str) -> pulumi.ResourceHookBinding:
    """Hooks for `aws.ec2.Tag`, under a name that no other hooks of the program have.

    The provider writes a tag and reads it back at once, where EC2 may not list it yet; it takes
    that for an error (hashicorp/terraform-provider-aws, internal/generate/tagresource and #36444).
    The engine keeps the names of hooks with the resource and cannot call them in a `destroy`, so
    they are of no use where deletions may fail.
    """
    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(f"{name}-unlisted", _is_unlisted)])


async def _is_unlisted(args: pulumi.ErrorHookArgs) -> bool:
    newest_first = args.errors
    if "empty result" not in newest_first[0] or len(newest_first) >= TRIES:
        return False
    await sleep(SECONDS_BETWEEN)
    return True
