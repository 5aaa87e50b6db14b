"""Flow logs of EC2, and the groups of CloudWatch Logs that they are written to."""
