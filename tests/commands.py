"""What the application asks the database, command by command."""

from pymongo import monitoring


class CommandLog(monitoring.CommandListener):
    """The commands sent, in order, and their names; registered before the client is made."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sent: list[dict] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note a command."""
        self.names.append(event.command_name)
        self.sent.append(event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Of no interest."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Of no interest."""


COMMANDS = CommandLog()
monitoring.register(COMMANDS)
