"""The world as the EC2 API describes it: frozen values, and what the lab does not model refused."""
