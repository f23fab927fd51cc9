"""Built-in functions on contexts."""

from server.engine.feel.run import Value

from .signature import Undefined, builtin

Context = dict[str, Value]


@builtin("get value", "m: context, key: string", "context: context, key: string")
def get_value(context: Context, key: str) -> Value:
    """An entry, or null."""
    return context.get(key)


@builtin("get value", "context: context, keys: list", "m: context, keys: list")
def get_value_at(context: Context, keys: list[Value]) -> Value:
    """An entry of contexts in contexts."""
    value: Value = context
    for key in keys:
        if type(value) is not dict or type(key) is not str:
            raise Undefined("the keys lead to no entry")
        value = value.get(key)
    return value


@builtin("get entries", "m: context", "context: context")
def get_entries(context: Context) -> list[Context]:
    """Each entry as a context of key and value."""
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context", "entries: list")
def context_of(entries: list[Value]) -> Context:
    """The context of entries with key and value."""
    made: Context = {}
    for entry in entries:
        if type(entry) is not dict or type(entry.get("key")) is not str or "value" not in entry:
            raise Undefined("an entry must have a key and a value")
        if entry["key"] in made:
            raise Undefined("two entries have the key {key}", key=entry["key"][:60])
        made[entry["key"]] = entry["value"]
    return made


@builtin("context put", "context: context, key: string, value: any")
def context_put(context: Context, key: str, value: Value) -> Context:
    """The context with one entry set."""
    return {**context, key: value}


@builtin("context put", "context: context, keys: list, value: any")
def context_put_at(context: Value, keys: list[Value], value: Value) -> Context:
    """The context with one entry set, deep in contexts in it."""
    if not keys or type(context) is not dict or type(keys[0]) is not str:
        raise Undefined("the keys lead to no entry")
    first, *rest = keys
    if rest:
        value = context_put_at(context.get(first), rest, value)
    return {**context, first: value}


@builtin("context merge", "contexts: list")
def context_merge(contexts: list[Value]) -> Context:
    """All entries; later ones win."""
    merged: Context = {}
    for context in contexts:
        if type(context) is not dict:
            raise Undefined("only contexts can be merged")
        merged.update(context)
    return merged
