"""Built-in functions on truth values."""

from server.engine.feel.run import Value
from server.engine.feel.values import single

from .signature import Undefined, builtin


@builtin("not", "negand: any")
def negate(negand: Value) -> bool | None:
    """The other truth value; null of null."""
    value = single(negand)
    if value is None:
        return None
    if type(value) is not bool:
        raise Undefined("only true and false have an opposite")
    return not value
