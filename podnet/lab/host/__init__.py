"""The machine that runs the lab: its requirements, and the files that are built on it once."""
