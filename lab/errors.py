"""The errors that a user of the lab is meant to read: a sentence, never a stack trace."""


class LabError(RuntimeError):
    """Something the user can act on; the message names the thing, the value and the way out."""
