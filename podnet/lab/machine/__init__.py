"""The virtual machine of a lab on another kernel: what it boots, and how commands run in it."""
