"""`python -m lab.kubernetes`: build what a cluster in the lab needs, unless it is there."""

from __future__ import annotations

import sys

from lab.cli.console import err, step
from lab.errors import LabError
from lab.home import Home
from lab.kubernetes import image


def main() -> int:
    """The exit code; progress goes to standard error."""
    try:
        with step("what a cluster needs") as note:
            image.ensure(Home.open().image, note)
    except LabError as error:
        err.print(str(error), markup=False, soft_wrap=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
