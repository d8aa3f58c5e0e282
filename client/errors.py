"""What can go wrong, in people's words, with the exit code that the command ends with."""


class IonetError(Exception):
    """Something was refused or failed; the message says what, with which value, and what to do."""

    exit_code = 1


class UsageError(IonetError):
    """The command was called wrongly."""

    exit_code = 2
