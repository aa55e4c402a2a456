"""What people read: one sentence per reason and language, and the choice of the language."""

from types import ModuleType

from app.errors import ErrorReason
from app.messages import en, pt_BR

CATALOGUES: dict[str, ModuleType] = {"pt-BR": pt_BR, "en": en}
LOCALES = tuple(CATALOGUES)


def sentence(reason: ErrorReason, locale: str, resource: str | None = None) -> str:
    """The catalogue's sentence for `reason` in `locale`, one of LOCALES.

    `resource` fills the sentences that name one; without it the place is left as ``{}``.
    """
    catalogue = CATALOGUES[locale]
    words = catalogue.SENTENCES[reason.name]
    return words.replace("{}", catalogue.RESOURCES[resource]) if resource else words
