"""One HTML page about a VPC: what is in it, which packets arrive, and what is left of quotas."""
