"""Reads the answers of EC2's describe calls into a `World`, with a client that the caller makes."""
