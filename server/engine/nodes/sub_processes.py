"""What holds tokens: sub-processes, called processes, event sub-processes, and the process itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.engine.nodes.activities import Activity
from server.engine.nodes.reading import mapped
from server.engine.spiff import Arrow, Node, ProcessSpec, Token


def begin_scope(container: Token, process: ProcessSpec, scope: str, start: Node | None = None) -> bool:
    """Put the first tokens into a container: its event sub-processes' watchers, then its start event(s).

    True if there is nothing to do in it.
    """
    for watcher in process.watchers.get(scope, ()):
        container.instance.spawn(container, watcher, container.id)
    for node in (start,) if start else process.starts.get(scope, ()):
        container.instance.spawn(container, node, container.id, leaving=True)
    return not container.busy()


class SubProcess(Activity):
    """An embedded sub-process: ends when nothing moves in it any more."""

    def open_scope(self, token: Token) -> None:
        values = mapped(token, self.element.inputs, token.scope)
        token.instance.scopes.open(token.id, token.scope, "local", values)

    def begin(self, token: Token) -> bool:
        return begin_scope(token, self.process, self.element.id)


class CallActivity(Activity):
    """Runs another process of the same deployment in variables of its own: only mappings cross."""

    def open_scope(self, token: Token) -> None:
        values = mapped(token, self.element.inputs, token.scope)
        token.instance.scopes.open(token.id, None, "process", values)

    def begin(self, token: Token) -> bool:
        called = token.instance.definitions.process(self.element.called_element)
        return begin_scope(token, called, "", called.start_event(None))

    def results(self, token: Token) -> dict[str, Any]:
        return mapped(token, self.element.outputs, token.id)


class ProcessRoot(Node):
    """The process itself: its token holds all others and leaves when none of them moves any more."""

    recorded = False

    def leave(self, token: Token) -> Sequence[Arrow]:
        for child in token.children:
            token.instance.drop(child)
        return ()
