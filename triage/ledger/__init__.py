"""The ledger: what happened to every order, appended and chained, in SQLite or PostgreSQL."""
