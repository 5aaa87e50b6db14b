"""What runs inside the virtual machine; it needs nothing but Python."""
