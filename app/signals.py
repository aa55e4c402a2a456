"""Stop signals, SIGTERM and SIGINT, for programs that work in a loop until one arrives."""

import signal


def record_stop_signals() -> list[int]:
    """Install handlers and return a list to which they append each SIGTERM and SIGINT.

    The list is empty until the first signal. SIGINT stays ignored where it was ignored before.
    """
    # A list, not a threading.Event: a handler that interrupts Event.set() would wait for ever for
    # the event's own lock.
    received: list[int] = []
    # A shell starts background jobs with SIGINT ignored, so that Ctrl-C stops only the foreground.
    ignores_sigint = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    for number in (signal.SIGTERM,) if ignores_sigint else (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: received.append(number))
    return received
