"""The only SQL: tables, and what reads and writes them in a transaction of the caller's."""
