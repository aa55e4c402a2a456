"""An example of an extension: a support desk.

It adds one of everything that an extension may add: the profile field `phone`, the roles AUDITOR
and DESK, a permission, an error reason, a kind of mail, and, in parts.py, a collection with an
index, a query, a mutation, an event listener and a command. To use it, put its folder on the path:

    PYTHONPATH=examples/extension EXTENSIONS=support_desk ./boot.sh dev

This module is imported before the documents and types of the product are built, so it imports
none of them: see docs/extending.md.
"""

from app.extension import Extension
from app.permissions import Permission, Role
from app.profile_fields import ProfileField
from support_desk.names import DeskMail, DeskPermission, DeskReason
from support_desk.phone import Phone

EXTENSION = Extension(
    name="support_desk",
    profile_fields=[
        ProfileField(
            name="phone",
            description="The phone number, as E.164 writes it: +5511987654321.",
            input_description="A phone number with its country's code: +55 11 98765-4321.",
            input_field=Phone,
        ),
    ],
    permissions=DeskPermission,
    roles=[
        Role(
            "AUDITOR",
            "May see accounts and their security events.",
            frozenset({Permission.USERS_READ, Permission.SECURITY_EVENTS_READ}),
        ),
        Role("DESK", "May write notes about accounts.", frozenset({DeskPermission.NOTES_WRITE})),
    ],
    error_reasons=DeskReason,
    mail_kinds=DeskMail,
    locales="support_desk.locales",
    parts="support_desk.parts",
)
