"""A cache of documents: each text is parsed and validated once, valid or not."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    ObjectValueNode,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    ValueNode,
    VariableNode,
    specified_rules,
    validate,
)
from graphql.validation.validate import ValidationAbortedError

from schema.engine.cost import VariableCost, check_costs
from schema.engine.document_limits import check_document, parse_document
from schema.engine.errors import EngineError, EngineReason, FieldError
from schema.engine.input_errors import find_literal_errors
from schema.engine.limits import limit_error
from schema.engine.options import Options

MOST_DOCUMENTS = 2000
MOST_PLACES = 20  # locations in one error
MOST_CHARACTERS = (
    1_000_000  # in total; a parsed document takes about 100 times the memory of its text
)


@dataclass(frozen=True)
class CachedDocument:
    """A parsed document, or the errors with which it was refused.

    costs: its operations, by name, whose cost depends on their variables.
    operations: those asked for so far, ready to run, by the name in the request.
    """

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    costs: Mapping[str | None, VariableCost] = field(default_factory=dict)
    operations: dict[str | None, Any] = field(default_factory=dict)


class DocumentCache:
    """The most recently used documents, up to a number and a total of characters."""

    def __init__(
        self,
        schema: GraphQLSchema,
        options: Options,
        *,
        most: int = MOST_DOCUMENTS,
        most_characters: int = MOST_CHARACTERS,
    ) -> None:
        self._schema = schema
        self._options, self._limits = options, options.limits
        self._rules = _build_rules(options)
        self._most, self._most_characters = most, most_characters
        self._documents: OrderedDict[str, CachedDocument] = OrderedDict()
        self._characters = 0
        self._lock = Lock()

    def get(self, text: str) -> CachedDocument:
        """Return the document of `text`, from the cache or parsed and validated now."""
        with self._lock:
            if cached := self._documents.get(text):
                self._documents.move_to_end(text)
                return cached
        document = self._read(text)
        self._remember(text, document)
        return document

    def __len__(self) -> int:
        return len(self._documents)

    def _remember(self, text: str, document: CachedDocument) -> None:
        if len(text) > min(self._most_characters, self._limits.max_characters):
            return
        with self._lock:
            if text not in self._documents:
                self._documents[text] = document
                self._characters += len(text)
            while len(self._documents) > self._most or self._characters > self._most_characters:
                oldest, _ = self._documents.popitem(last=False)
                self._characters -= len(oldest)

    def _read(self, text: str) -> CachedDocument:
        try:
            document = parse_document(text, self._limits)
            check_document(document, self._limits, self._options.root_mutation_limits)
            if errors := self._validate(document):
                return CachedDocument(document, tuple(self._convert(document, errors)))
            pages = self._options.page_sizes
            return CachedDocument(
                document, costs=check_costs(self._schema, document, self._limits, pages)
            )
        except GraphQLSyntaxError as error:
            return CachedDocument(None, (_convert_error(error, EngineReason.SYNTAX_ERROR),))
        except EngineError as error:
            return CachedDocument(None, (GraphQLError("", original_error=error),))
        except RecursionError:
            too_deep = limit_error("depth", self._limits)
            return CachedDocument(None, (GraphQLError("", original_error=too_deep),))

    def _validate(self, document: DocumentNode) -> list[GraphQLError]:
        """Return the first validation errors. Raises RecursionError when validation meets one."""
        most = self._limits.max_errors
        errors = validate(
            self._schema,
            document,
            self._rules,
            max_errors=most,
            hide_suggestions=not self._options.introspection,
        )
        if len(errors) <= most and any(type(error) is ValidationAbortedError for error in errors):
            raise RecursionError
        return errors[:most]

    def _convert(self, document: DocumentNode, errors: list[GraphQLError]) -> list[GraphQLError]:
        """Convert validation errors, one for each invalid place.

        graphql-core has an error for each missing field of an input object; here they are one.
        """
        nodes = [error.nodes[0] for error in errors if error.nodes]
        field_errors = find_literal_errors(self._schema, document, nodes)
        places: dict[int, GraphQLError] = {}
        for error in errors:
            node = error.nodes[0] if error.nodes else None
            if id(node) in places and isinstance(node, ObjectValueNode):
                continue
            places[id(node) if node else len(places)] = _convert_error(
                error, EngineReason.INVALID_OPERATION, field_errors.get(id(node), ())
            )
        return list(places.values())


def _build_rules(options: Options) -> list[type[ASTValidationRule]]:
    """GraphQL's own rules; the comparison of fields that may merge has a limit."""

    limits = options.limits

    class FieldsMerge(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = limits.max_comparisons

        def enter_selection_set(self, *arguments: Any) -> None:
            try:
                super().enter_selection_set(*arguments)
            except ValidationAbortedError:
                if self.rule_context.remaining_complexity_budget < 0:
                    raise limit_error("comparisons", limits) from None
                raise

    rules = [rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule]
    return [
        *rules,
        FieldsMerge,
        *([] if options.introspection else [NoSchemaIntrospectionCustomRule]),
    ]


def _convert_error(
    error: GraphQLError, reason: EngineReason, fields: Sequence[FieldError] = ()
) -> GraphQLError:
    """Wrap an EngineError in a GraphQLError at the same place.

    `detail` keeps graphql-core's message, when that cannot repeat a value of the document.
    """
    node = error.nodes[-1] if error.nodes else None
    may_repeat_value = node is None or (
        isinstance(node, ValueNode) and not isinstance(node, ObjectValueNode | VariableNode)
    )
    return GraphQLError(
        reason.name,
        nodes=error.nodes and error.nodes[:MOST_PLACES],
        source=error.source,
        positions=error.positions and list(error.positions)[:MOST_PLACES],
        extensions=None if may_repeat_value else {"detail": error.message},
        original_error=EngineError(reason, fields=fields),
    )
