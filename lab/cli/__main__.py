"""`python -m lab.cli` is `podnet`."""

from lab.cli import main

main()
