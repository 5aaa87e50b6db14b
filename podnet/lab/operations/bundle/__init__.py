"""What a lab and its stack show of themselves, for a bug report."""
