"""Export the caller's data, deactivate the account, or delete it."""

import graphene

from app.accounts import privacy
from schema.guard import signed_in
from schema.mutations.payloads import DeletedPayload, UserPayload


class DataExportPayload(graphene.ObjectType):
    """All data that is stored about the caller, as one JSON document."""

    generated_at = graphene.DateTime(required=True, description="When the data was read.")
    document = graphene.JSONString(
        required=True,
        description="JSON as text: account, sessions, securityEvents, pendingMail. No secrets. "
        "`cut` names the lists that hold only their newest rows.",
    )


class ExportMyDataInput(graphene.InputObjectType):
    """The password, to confirm who asks."""

    password = graphene.String(required=True, description="The account's password.")


class ExportMyData(graphene.Mutation):
    """Export all data of the caller. Access: signed in. Asks for the password again."""

    class Arguments:
        input = ExportMyDataInput(required=True, description="The password of the account.")

    Output = DataExportPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> privacy.DataExport:
        return privacy.export_my_data(input, info.context.signed_in)


class DeactivateAccountInput(graphene.InputObjectType):
    """The password, to confirm who asks."""

    password = graphene.String(required=True, description="The account's password.")


class DeactivateAccount(graphene.Mutation):
    """Deactivate the account until an administrator activates it again. All sessions end at once.
    Access: signed in. Asks for the password again."""

    class Arguments:
        input = DeactivateAccountInput(required=True, description="The password of the account.")

    Output = UserPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        return {"user": privacy.deactivate_account(input, info.context.signed_in)}


class DeleteAccountInput(graphene.InputObjectType):
    """The password, to confirm who asks."""

    password = graphene.String(required=True, description="The account's password.")


class DeleteAccount(graphene.Mutation):
    """Delete the account and all personal data, for good. The e-mail address can be registered
    again. Access: signed in. Asks for the password again."""

    class Arguments:
        input = DeleteAccountInput(required=True, description="The password of the account.")

    Output = DeletedPayload

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict:
        return {"deleted_id": privacy.delete_account(input, info.context.signed_in)}


export_my_data = signed_in(ExportMyData.Field())
deactivate_account = signed_in(DeactivateAccount.Field())
delete_account = signed_in(DeleteAccount.Field())
