"""The Pulumi components of podnet; `__main__.py` wires them."""
