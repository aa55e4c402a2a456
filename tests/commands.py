"""What the application asks the database, command by command."""

from pymongo import monitoring


class CommandLog(monitoring.CommandListener):
    """The names of the commands sent, in order; registered before the client is made."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note a command."""
        self.names.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Of no interest."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Of no interest."""


COMMANDS = CommandLog()
monitoring.register(COMMANDS)
