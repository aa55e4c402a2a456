"""The administration of accounts, registered as an extension like any other."""

from app.extension import Extension

EXTENSION = Extension(name="administration", parts="app.administration.parts")
