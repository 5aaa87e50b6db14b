"""Instances as containers that boot: their image, their disks and their lives."""
