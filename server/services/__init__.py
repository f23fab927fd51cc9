"""The living rooms: one use case = one function = one permission. They decide; doors commit, the
store remembers."""
