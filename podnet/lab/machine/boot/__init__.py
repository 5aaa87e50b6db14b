"""What a virtual machine needs before podnet runs in it: its first file system, compiled files."""
