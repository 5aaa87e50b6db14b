"""The acceptance test on an AWS account: `python -m podnet.acceptance run`, and its sweeper."""
