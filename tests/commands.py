"""A log of the commands that the application sends to the database."""

from pymongo import monitoring


class CommandLog(monitoring.CommandListener):
    """Records the commands and their names, in order; register it before the client is created."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sent: list[dict] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Record a command."""
        self.names.append(event.command_name)
        self.sent.append(event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Do nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Do nothing."""


COMMANDS = CommandLog()
monitoring.register(COMMANDS)
