"""TRUSTED_DOCUMENTS: the operations that production runs, read from their manifest."""

from pathlib import Path

from app.config import Settings, SettingsError
from schema.engine.persisted import FORMAT, read_manifest


def read_trusted_documents(settings: Settings) -> dict[str, str] | None:
    """Return {hash: text} of the manifest; None where all operations are allowed.

    Raises SettingsError when the file cannot be read or is no manifest.
    """
    if not settings.trusted_documents or not settings.production:
        return None
    refusal = SettingsError(f"TRUSTED_DOCUMENTS: Not a manifest of the format {FORMAT}.")
    try:
        documents = read_manifest(Path(settings.trusted_documents))
    except OSError as error:
        raise SettingsError(f"TRUSTED_DOCUMENTS: Cannot be read: {error.strerror}.") from None
    except (ValueError, LookupError, TypeError, RecursionError):
        raise refusal from None
    if not all(isinstance(part, str) for document in documents.items() for part in document):
        raise refusal
    return documents
