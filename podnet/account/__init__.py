"""A user's AWS account, by the user's own credentials: read, and probed by Run Command alone."""
