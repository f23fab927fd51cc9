"""How each kind of flow node behaves: what happens when a token enters it, waits on it and leaves it."""
