"""Query and Mutation in one Schema; refuses a root field without a declared access."""

import graphene

from schema import guard
from schema.mutations import administration as changes
from schema.mutations import (
    change_email,
    change_password,
    login,
    logout,
    logout_everywhere,
    privacy,
    profile,
    refresh_token,
    register,
    reset_password,
    revoke_session,
    verify_email,
)
from schema.queries import administration, error_catalog, me, password_policy


class Query(graphene.ObjectType):
    """What can be asked. Each field says who may ask it."""

    me = me.me
    error_catalog = error_catalog.error_catalog
    password_policy = password_policy.password_policy
    user = administration.user
    users = administration.users


class Mutation(graphene.ObjectType):
    """What can be done. Each field says who may do it."""

    register = register.register
    login = login.login
    refresh_token = refresh_token.refresh_token
    logout = logout.logout
    logout_everywhere = logout_everywhere.logout_everywhere
    revoke_session = revoke_session.revoke_session
    resend_verification_email = verify_email.resend_verification_email
    verify_email = verify_email.verify_email
    request_password_reset = reset_password.request_password_reset
    reset_password = reset_password.reset_password
    change_password = change_password.change_password
    request_email_change = change_email.request_email_change
    confirm_email_change = change_email.confirm_email_change
    update_profile = profile.update_profile
    export_my_data = privacy.export_my_data
    deactivate_account = privacy.deactivate_account
    delete_account = privacy.delete_account
    set_user_active = changes.set_user_active
    set_user_roles = changes.set_user_roles
    delete_user = changes.delete_user


def build_schema(
    query: type[graphene.ObjectType] = Query, mutation: type[graphene.ObjectType] = Mutation
) -> graphene.Schema:
    """The schema. Raises TypeError when a root field does not declare who may have it."""
    guard.refuse_undeclared(query)
    guard.refuse_undeclared(mutation)
    return graphene.Schema(query=query, mutation=mutation)
