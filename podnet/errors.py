"""The errors that users are meant to read: a sentence each, never a stack trace."""


class UserError(RuntimeError):
    """Something the user can act on; the message names the thing, the value and the way out."""

    def __init__(self, message: str, *, rule: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        """The rule that was broken, in kebab case; what tests and golden files know it by."""
