"""The store-room: tables, and the queries that need SQL. It remembers; it decides nothing."""
