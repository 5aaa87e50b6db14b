"""What is done to a stack in a lab: deploy, verify, switch and roll, and how it is shown."""
