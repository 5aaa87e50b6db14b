"""Who runs the kernel of a virtual machine: qemu, or the kernel itself as a process."""
