"""`python -m tests.provision`: bring what the tests need, say what was found, fail if a thing is missing."""

import sys

from tests.provision import Missing, chromium, postgresql


def main() -> None:
    """One line for each thing."""
    try:
        print(f"PostgreSQL for the tests: {postgresql.binaries()}")
        browser = chromium.ensure()
        print(f"Browser for the tests: {browser} ({chromium.version(browser)})")
    except Missing as missing:
        sys.exit(str(missing))


main()
