"""`python -m podnet.lab.images`: builds the image for clusters, unless it exists."""

from __future__ import annotations

import sys

from podnet.cli.console import err, step
from podnet.errors import UserError
from podnet.lab.home import Home
from podnet.lab.images import kubernetes as image


def main() -> int:
    """Build it, with progress on standard error, and return the exit code."""
    try:
        with step("what a cluster needs") as note:
            image.ensure(Home.open().image, note)
    except UserError as error:
        err.print(str(error), markup=False, soft_wrap=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
