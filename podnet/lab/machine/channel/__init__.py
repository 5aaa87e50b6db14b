"""Commands of this machine that run in the virtual machine: frames, and who sends them."""
