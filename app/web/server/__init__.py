"""The server process: granian, its adapter to WSGI, draining and health checks."""
