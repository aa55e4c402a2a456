"""Whether a server can listen on an address, checked before it starts."""

import errno
import socket

from app.config import SettingsError


def check_address(host: str, port: int, *, variable: str = "PORT") -> str:
    """Return the IP address of `host`, when a server can listen on it and on `port`.

    Raises SettingsError, one line that names HOST or, when the port is the reason, `variable`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        address = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4]
    except (OSError, UnicodeError):
        raise SettingsError(f"HOST: {host} is not an address.") from None
    # granian ends with a traceback, in the server or in each of its workers, when it cannot listen.
    # So try it here first, with a socket that is bound and closed and never accepts a connection.
    # SO_REUSEADDR allows a port whose last connections are in TIME_WAIT, as after a restart. This
    # socket must not set SO_REUSEPORT, as granian's does: then the kernel would let two servers
    # share the port, and each would get a part of the other's requests.
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise SettingsError(_explain(error, host, port, variable)) from None
    return str(address[0])


def _explain(error: OSError, host: str, port: int, variable: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{variable}: Port {port} is in use on {host}."
    if error.errno == errno.EACCES:
        return f"{variable}: Port {port} is not allowed for this user."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST: {host} is not an address of this machine."
    return f"HOST: {host} cannot be listened on: {error.strerror}."
