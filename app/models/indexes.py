"""The indexes of every document: built once, before serving."""

from app.models.administrators import Administrators
from app.models.attempt import Attempts
from app.models.connection import asks_database
from app.models.outgoing_mail import OutgoingMail
from app.models.persisted_operation import PersistedOperation
from app.models.security_event import SecurityEvent
from app.models.session import Session
from app.models.signing_key import SigningKey
from app.models.user import User

DOCUMENTS = (
    User,
    Session,
    SecurityEvent,
    PersistedOperation,
    OutgoingMail,
    Attempts,
    SigningKey,
    Administrators,
)


@asks_database
def build_indexes() -> dict[str, list[str]]:
    """Build what is missing and say what there is: {collection: names of its indexes}.

    MongoEngine would build them lazily, at the first use in each process, and let cold workers
    accept duplicates meanwhile. Building what is there already does nothing.
    """
    built = {}
    for document in DOCUMENTS:
        document.ensure_indexes()
        collection = document._get_collection()
        built[collection.name] = sorted(collection.index_information())
    return built
