"""The command line `podnet`: its application, its terminal output, and what all commands share."""
