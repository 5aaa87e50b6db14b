"""Helpers for Linux that all of podnet shares: commands, namespaces, files, waiting, progress."""
