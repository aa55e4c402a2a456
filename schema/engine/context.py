"""What the engine knows of one request."""

from dataclasses import dataclass, field
from time import monotonic

from schema.engine.limits import Limits


@dataclass(kw_only=True)
class RequestContext:
    """One request: its id, its limits and when it started.

    A product may inherit from it and add what its resolvers need; resolvers find it at
    `info.context`. started: seconds of the monotonic clock.
    """

    request_id: str
    limits: Limits = Limits()  # noqa: RUF009  frozen
    started: float = field(default_factory=monotonic)
