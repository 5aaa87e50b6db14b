"""`python -m podnet.cli`, as `podnet` itself."""

from podnet.cli.app import main

main()
