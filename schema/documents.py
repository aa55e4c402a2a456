"""Documents known by their text: parsed and validated once, whether they passed or not."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    parse,
    validate,
)

from app.errors import AccountError, ErrorReason
from schema.faults import literal_faults

MOST_DOCUMENTS = 1000
MOST_CHARACTERS = 1_000_000  # of all of them; a parsed document takes about 100 times its text
MOST_ERRORS = 10


@dataclass(frozen=True)
class KnownDocument:
    """A parsed document, or the errors it was refused with."""

    document: DocumentNode | None
    refusals: tuple[GraphQLError, ...] = ()


class DocumentCache:
    """The documents used last, bounded in their number and in the characters of their texts."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        hide_suggestions: bool,
        most: int = MOST_DOCUMENTS,
        most_characters: int = MOST_CHARACTERS,
    ) -> None:
        self._schema = schema
        self._hide_suggestions = hide_suggestions
        self._most, self._most_characters = most, most_characters
        self._known: OrderedDict[str, KnownDocument] = OrderedDict()
        self._characters = 0
        self._lock = Lock()

    def get(self, text: str) -> KnownDocument:
        """The document of `text`, from memory or by parsing and validating it now."""
        with self._lock:
            if known := self._known.get(text):
                self._known.move_to_end(text)
                return known
        known = self._read(text)
        self._remember(text, known)
        return known

    def __len__(self) -> int:
        return len(self._known)

    def _remember(self, text: str, known: KnownDocument) -> None:
        if len(text) > self._most_characters:
            return
        with self._lock:
            if text not in self._known:
                self._known[text] = known
                self._characters += len(text)
            while len(self._known) > self._most or self._characters > self._most_characters:
                oldest, _ = self._known.popitem(last=False)
                self._characters -= len(oldest)

    def _read(self, text: str) -> KnownDocument:
        try:
            document = parse(text)
            errors = validate(
                self._schema,
                document,
                max_errors=MOST_ERRORS,
                hide_suggestions=self._hide_suggestions,
            )
        except GraphQLSyntaxError as error:
            return KnownDocument(None, (_worded(error, ErrorReason.SYNTAX_ERROR),))
        except RecursionError:
            fault = AccountError(ErrorReason.OPERATION_TOO_COMPLEX)
            return KnownDocument(None, (GraphQLError("", original_error=fault),))
        return KnownDocument(document, tuple(self._refusals(document, errors)))

    def _refusals(self, document: DocumentNode, errors: list[GraphQLError]) -> list[GraphQLError]:
        """One for each place at fault: graphql-core gives one for each missing field of a place."""
        places: dict[int, GraphQLError] = {}
        for error in errors:
            node = error.nodes[0] if error.nodes else None
            if id(node) in places and isinstance(node, ObjectValueNode):
                continue
            faults = literal_faults(self._schema, document, node) if node else []
            refused = _worded(error, ErrorReason.INVALID_OPERATION, faults)
            places[id(node) if node else len(places)] = refused
        return list(places.values())


def _worded(error: GraphQLError, reason: ErrorReason, faults: list = ()) -> GraphQLError:
    """The same error in our words; graphql-core's own only when they can repeat no value."""
    node = error.nodes[-1] if error.nodes else None
    repeats = node is None or (
        isinstance(node, ValueNode) and not isinstance(node, ObjectValueNode | VariableNode)
    )
    return GraphQLError(
        reason.name,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        extensions=None if repeats else {"detail": error.message},
        original_error=AccountError(reason, fields=faults),
    )
