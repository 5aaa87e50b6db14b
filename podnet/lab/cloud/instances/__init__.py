"""EC2 instances as containers that boot: machines, and the control groups they run in."""
