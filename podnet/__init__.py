"""Pod networking between AWS nodes: the plan, the program, the command line and the lab."""
