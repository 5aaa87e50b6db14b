"""The root file systems that instances boot, and the code that builds them."""
