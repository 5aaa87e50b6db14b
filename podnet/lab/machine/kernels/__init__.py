"""The kernels that a virtual machine can boot, and where they come from."""
