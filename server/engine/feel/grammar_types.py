"""The grammar of types: ``number``, ``list<string>``, ``context<a: date>``, ``function<number> -> date``."""

from .cursor import Cursor
from .tree import TypeNode
from .types import BUILT_IN_TYPES
from .vocabulary import STOPPERS, Vocabulary

BUILT_IN_TYPE_NAMES = Vocabulary(BUILT_IN_TYPES)
_GENERIC = ("list", "range", "context", "function")
_MAX_TYPE_NESTING = 20


class TypeGrammar(Cursor):
    """Reads types."""

    def __init__(self, text: str, type_names: Vocabulary) -> None:
        super().__init__(text)
        self._type_names = type_names
        self._type_nesting = 0

    def type(self) -> TypeNode:
        """A type, by name or built of others."""
        self._type_nesting += 1
        if self._type_nesting > _MAX_TYPE_NESTING:
            self.fail("types are nested deeper than {limit}", limit=_MAX_TYPE_NESTING)
        start = self.token.start
        name = self._type_name()
        node = self._generic(start, name) if name in _GENERIC else TypeNode(start, self.last_end, name)
        self._type_nesting -= 1
        return node

    def _type_name(self) -> str:
        known = self._type_names.match(self.tokens, self.index)
        if known:
            self.index += known[0]
            return known[1]
        if self.token.kind != "name":
            self.fail("expected the name of a type, found {found}")
        words = [self.take().text]
        while words[0] not in _GENERIC and self.token.kind == "name" and self.token.text not in STOPPERS:
            words.append(self.take().text)
        name = " ".join(words)
        while self.at(".") and self.following.kind == "name":
            self.take()
            name += "." + self._type_name()
        return name

    def _generic(self, start: int, name: str) -> TypeNode:
        if name in ("list", "range") and self.accept("<"):
            element = self.type()
            self.expect(">")
            return TypeNode(start, self.last_end, name, element=element)
        if name == "context" and self.accept("<"):
            fields = []
            while not self.accept(">"):
                key = self.text_until(":")
                self.expect(":")
                fields.append((key, self.type()))
                if not self.at(">"):
                    self.expect(",")
            return TypeNode(start, self.last_end, name, fields=tuple(fields))
        if name == "function" and self.accept("<"):
            return self._function(start)
        return TypeNode(start, self.last_end, name)

    def _function(self, start: int) -> TypeNode:
        parameters = []
        while not self.accept(">"):
            parameters.append(self.type())
            if not self.at(">"):
                self.expect(",")
        result = self.type() if self.accept("->") else None
        return TypeNode(start, self.last_end, "function", parameters=tuple(parameters), result=result)
