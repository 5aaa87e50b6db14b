"""SSM, as the lab offers it: what its calls are about, and the public endpoint."""
