"""Documents known by their text: parsed and validated once, whether they passed or not."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    ObjectValueNode,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    ValidationRule,
    ValueNode,
    VariableNode,
    specified_rules,
    validate,
)
from graphql.validation.validate import ValidationAbortedError

from app.errors import AccountError, ErrorReason
from schema.engine.cost import VariableCost, costs_of
from schema.engine.input_errors import literal_faults
from schema.engine.limits import Limits, excess, parse_within, refuse_excess

MOST_DOCUMENTS = 2000
MOST_PLACES = 20  # told of one error
MOST_CHARACTERS = 1_000_000  # of all of them; a parsed document takes about 100 times its text


@dataclass(frozen=True)
class KnownDocument:
    """A parsed document, or the errors it was refused with.

    costs: its operations, by name, whose cost depends on their variables.
    operations: those that have been asked for, by the name they were asked by, ready to run.
    """

    document: DocumentNode | None
    refusals: tuple[GraphQLError, ...] = ()
    costs: Mapping[str | None, VariableCost] = field(default_factory=dict)
    operations: dict[str | None, Any] = field(default_factory=dict)


class DocumentCache:
    """The documents used last, bounded in their number and in the characters of their texts."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        limits: Limits,
        introspection: bool,
        most: int = MOST_DOCUMENTS,
        most_characters: int = MOST_CHARACTERS,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._hide_suggestions = not introspection
        self._rules = _rules(limits, introspection=introspection)
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
        if len(text) > min(self._most_characters, self._limits.max_characters):
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
            document = parse_within(text, self._limits)
            refuse_excess(document, self._limits)
            if errors := self._validate(document):
                return KnownDocument(document, tuple(self._refusals(document, errors)))
            return KnownDocument(document, costs=costs_of(self._schema, document, self._limits))
        except GraphQLSyntaxError as error:
            return KnownDocument(None, (_worded(error, ErrorReason.SYNTAX_ERROR),))
        except AccountError as fault:
            return KnownDocument(None, (GraphQLError("", original_error=fault),))
        except RecursionError:
            fault = excess("depth", self._limits)
            return KnownDocument(None, (GraphQLError("", original_error=fault),))

    def _validate(self, document: DocumentNode) -> list[GraphQLError]:
        """The first errors. Raises RecursionError as validation meets one."""
        most = self._limits.max_errors
        errors = validate(
            self._schema,
            document,
            self._rules,
            max_errors=most,
            hide_suggestions=self._hide_suggestions,
        )
        if len(errors) <= most and any(type(error) is ValidationAbortedError for error in errors):
            raise RecursionError
        return errors[:most]

    def _refusals(self, document: DocumentNode, errors: list[GraphQLError]) -> list[GraphQLError]:
        """One for each place at fault: graphql-core gives one for each missing field of a place."""
        nodes = [error.nodes[0] for error in errors if error.nodes]
        faults = literal_faults(self._schema, document, nodes)
        places: dict[int, GraphQLError] = {}
        for error in errors:
            node = error.nodes[0] if error.nodes else None
            if id(node) in places and isinstance(node, ObjectValueNode):
                continue
            refused = _worded(error, ErrorReason.INVALID_OPERATION, faults.get(id(node), []))
            places[id(node) if node else len(places)] = refused
        return list(places.values())


def _rules(limits: Limits, *, introspection: bool) -> list[type[ValidationRule]]:
    """GraphQL's own, the one that compares fields with each other within its limit."""

    class FieldsMerge(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = limits.max_comparisons

        def enter_selection_set(self, *arguments: Any) -> None:
            try:
                super().enter_selection_set(*arguments)
            except ValidationAbortedError:
                if self.rule_context.remaining_complexity_budget < 0:
                    raise excess("comparisons", limits) from None
                raise

    rules = [rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule]
    return [*rules, FieldsMerge, *([] if introspection else [NoSchemaIntrospectionCustomRule])]


def _worded(error: GraphQLError, reason: ErrorReason, faults: list = ()) -> GraphQLError:
    """The same error in our words; graphql-core's own only when they can repeat no value."""
    node = error.nodes[-1] if error.nodes else None
    repeats = node is None or (
        isinstance(node, ValueNode) and not isinstance(node, ObjectValueNode | VariableNode)
    )
    return GraphQLError(
        reason.name,
        nodes=error.nodes and error.nodes[:MOST_PLACES],
        source=error.source,
        positions=error.positions and error.positions[:MOST_PLACES],
        extensions=None if repeats else {"detail": error.message},
        original_error=AccountError(reason, fields=faults),
    )
