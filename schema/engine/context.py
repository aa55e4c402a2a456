"""The context of one request, as the engine uses it."""

from dataclasses import dataclass, field
from time import monotonic

from schema.engine.limits import Limits, limit_error


@dataclass(kw_only=True)
class RequestContext:
    """One request: its id, its limits and when it started.

    A product may inherit from it and add what its resolvers need; resolvers find it at
    `info.context`. started: seconds of the monotonic clock.
    """

    request_id: str
    limits: Limits = Limits()  # noqa: RUF009  frozen
    started: float = field(default_factory=monotonic)

    @property
    def deadline(self) -> float:
        """When no further root field may start, in seconds of the monotonic clock."""
        return self.started + self.limits.operation_seconds

    def check_deadline(self) -> None:
        """Raise EngineError(OPERATION_TOO_COMPLEX) once the deadline has passed."""
        if monotonic() > self.deadline:
            raise limit_error("seconds", self.limits)
