"""The archive for a bug report, of an account or, by the lab, of a lab."""
