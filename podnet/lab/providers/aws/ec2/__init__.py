"""The resource types of EC2."""
