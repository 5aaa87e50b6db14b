"""A VPC on this machine: real packets for the deployed program, nothing of AWS needed."""
