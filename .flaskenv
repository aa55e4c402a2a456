# Read by the flask command: where the application is.
FLASK_APP=application.py
