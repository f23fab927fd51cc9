"""The foundation: pure functions over bytes and dicts; no clock, no disk, no network."""
