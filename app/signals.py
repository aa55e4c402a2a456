"""Being told to stop: for programs of ours that work until then."""

import signal


def hear_signals() -> list[int]:
    """A list that is empty until SIGTERM or SIGINT has come, and holds it from then on."""
    # A list and no threading.Event: a handler that runs while its own lock is held never returns.
    heard: list[int] = []
    # A shell gives its background jobs an ignored SIGINT, lest Ctrl-C in front should stop them.
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    for number in (signal.SIGTERM,) if ignored else (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: heard.append(number))
    return heard
