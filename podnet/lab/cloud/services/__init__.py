"""The services of a VPC: DHCP, DNS, instance metadata, and the public endpoints."""
