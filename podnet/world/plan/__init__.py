"""A VPC as the plan of a deployment is to make it."""
