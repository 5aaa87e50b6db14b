"""Kubernetes' own end-to-end tests, run against a cluster of the lab, and what came of them."""
