"""What the support desk brings besides entries of tables: see app/extension.py."""

import click
import graphene
from flask.cli import AppGroup
from graphene_mongo import MongoengineObjectType

from app.accounts.caller import OPERATOR
from app.cli.command_errors import report_errors
from app.extension import Parts
from app.models.user_records import find_by_email
from schema.guard import permission
from support_desk.names import DeskPermission
from support_desk.notes import Note, NoteRecord, add_note, list_notes, note_password_resets


class SupportNote(MongoengineObjectType):
    class Meta:
        model = Note
        description = "A note about an account."
        only_fields = ("text", "at")

    is_type_of = None  # resolvers return records, not documents
    id = graphene.ID(required=True, description=Note.id.help_text)
    resolve_id = None


def resolve_support_notes(root: None, info: graphene.ResolveInfo, user_id: str) -> list[NoteRecord]:
    return list_notes(user_id, info.context.signed_in)


support_notes = permission(DeskPermission.NOTES_WRITE)(
    graphene.Field(
        graphene.List(graphene.NonNull(SupportNote)),
        user_id=graphene.ID(required=True, description="The account's id."),
        resolver=resolve_support_notes,
        description="The newest notes about an account. Access: NOTES_WRITE.",
    )
)


class AddSupportNoteInput(graphene.InputObjectType):
    """A note."""

    user_id = graphene.ID(required=True, description="The account that the note is about.")
    text = graphene.String(required=True, description="The note, at most 1000 characters.")


class AddSupportNote(graphene.Mutation):
    """Write a note about an account. Its owner is told by mail. Access: NOTES_WRITE."""

    class Arguments:
        input = AddSupportNoteInput(required=True, description="The note.")

    note = graphene.Field(SupportNote, description="The note, as stored.")

    @staticmethod
    def mutate(root: None, info: graphene.ResolveInfo, input: dict) -> dict[str, NoteRecord]:
        return {"note": add_note(input["user_id"], input["text"], info.context.signed_in)}


desk_commands = AppGroup("support-desk", help="The support desk.")


@desk_commands.command("notes")
@click.argument("email")
def notes(email: str) -> None:
    """List the newest notes about the account of EMAIL."""
    with report_errors():
        user = find_by_email(email)
        for note in list_notes(str(user.id), OPERATOR) if user else ():
            click.echo(f"{note.at:%Y-%m-%d %H:%M}  {note.text}")


PARTS = Parts(
    documents=[Note],
    queries={"support_notes": support_notes},
    mutations={"add_support_note": permission(DeskPermission.NOTES_WRITE)(AddSupportNote.Field())},
    listeners=[note_password_resets],
    commands=[desk_commands],
)
