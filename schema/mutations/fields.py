"""Input fields that several mutations share."""

import graphene


def make_new_password_field() -> graphene.String:
    """The field of a password to be chosen; app/accounts/forms.py holds the rule."""
    return graphene.String(
        required=True,
        description="8 to 128 characters. Not a common password, the e-mail address or the name.",
    )
