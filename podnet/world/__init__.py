"""The VPCs of an account as the EC2 API describes them."""
