"""Finds or fetches what the tests need beside Python: PostgreSQL, a headless Chromium, Chinese letters."""


class Missing(RuntimeError):
    """The machine lacks it and it could not be had. The message says what was tried and what to do."""
