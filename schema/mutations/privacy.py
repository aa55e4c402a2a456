"""A person asks what is kept of them, closes their account for a time, or leaves for good."""

import graphene

from app.accounts import privacy
from schema.guard import signed_in
from schema.mutations.payloads import DeletedPayload, UserPayload


class DataExportPayload(graphene.ObjectType):
    """All that is kept of the caller, as one JSON document."""

    generated_at = graphene.DateTime(required=True, description="When it was read.")
    document = graphene.JSONString(
        required=True,
        description="JSON, as text: account, sessions, securityEvents, pendingMail; without "
        "secrets. `cut` names the lists of which only the newest rows are here.",
    )


class ExportMyDataInput(graphene.InputObjectType):
    """The proof that the caller is who signed in."""

    password = graphene.String(required=True, description="The account's password.")


class ExportMyData(graphene.Mutation):
    """Everything that is kept of the caller. Access: signed in, asks the password."""

    class Arguments:
        input = ExportMyDataInput(required=True, description="The password, again.")

    Output = DataExportPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> privacy.DataExport:
        return privacy.export_my_data(input, info.context.signed_in)


class DeactivateAccountInput(graphene.InputObjectType):
    """The proof that the caller is who signed in."""

    password = graphene.String(required=True, description="The account's password.")


class DeactivateAccount(graphene.Mutation):
    """Close the account until an administrator opens it again. All sessions end at once.
    Access: signed in, asks the password."""

    class Arguments:
        input = DeactivateAccountInput(required=True, description="The password, again.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        return {"user": privacy.deactivate_account(input, info.context.signed_in)}


class DeleteAccountInput(graphene.InputObjectType):
    """The proof that the caller is who signed in."""

    password = graphene.String(required=True, description="The account's password.")


class DeleteAccount(graphene.Mutation):
    """Remove the account and all that is kept of the person, for good. The address is free again.
    Access: signed in, asks the password."""

    class Arguments:
        input = DeleteAccountInput(required=True, description="The password, again.")

    Output = DeletedPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        return {"deleted_id": privacy.delete_account(input, info.context.signed_in)}


export_my_data = signed_in(ExportMyData.Field())
deactivate_account = signed_in(DeactivateAccount.Field())
delete_account = signed_in(DeleteAccount.Field())
