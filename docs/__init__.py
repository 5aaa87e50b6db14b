"""The documentation: its pages, and the programs that draw, fill and build them."""
