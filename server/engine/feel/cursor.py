"""A place in the tokens: look, take, demand, refuse."""

import re
from typing import NoReturn

from .errors import FeelSyntaxError, Told
from .lexer import Token, tokenize

_SPACES = re.compile(r"\s+")


class Cursor:
    """Walks over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.index = 0

    @property
    def token(self) -> Token:
        """The token here; the last one is of kind ``end``."""
        return self.tokens[self.index]

    @property
    def following(self) -> Token:
        """The token after this one."""
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    @property
    def last_end(self) -> int:
        """Where the token before this one ended."""
        return self.tokens[self.index - 1].end if self.index else 0

    def at(self, *texts: str) -> bool:
        """Whether one of these words or signs stands here (a string literal never does: it has quotes)."""
        return self.tokens[self.index].text in texts

    def take(self) -> Token:
        """This token; the cursor moves on."""
        token = self.tokens[self.index]
        if token.kind != "end":
            self.index += 1
        return token

    def accept(self, text: str) -> bool:
        """Take this word or sign if it stands here."""
        if self.tokens[self.index].text != text:
            return False
        self.index += 1
        return True

    def expect(self, text: str) -> None:
        """Take this word or sign, or refuse the text."""
        if not self.accept(text):
            self.fail("expected {expected}, found {found}", expected=text)

    def fail(self, template: str, suggestion: str | None = None, **values: object) -> NoReturn:
        """Refuse the text because of what stands here."""
        token = self.token
        found = token.text[:60] if token.kind != "end" else Told("the end")
        raise FeelSyntaxError(template, self.text, token.start, suggestion, found=found, **values)

    def text_until(self, *stops: str) -> str:
        """A name made of whatever stands before one of the signs, with single spaces."""
        start = self.token.start
        first = self.index
        while not self.at(*stops):
            if self.token.kind == "end":
                self.fail("expected {expected}, found {found}", expected=" or ".join(stops))
            self.index += 1
        if first == self.index:
            self.fail("expected a name, found {found}")
        return _SPACES.sub(" ", self.text[start : self.last_end])
