"""The running instances that are podnet's nodes, and the pods on them."""
