"""An archive for a bug report: what is in it, and how secrets are kept out of it."""
