"""The database: engines, transactions, statements, tables and migrations."""
