"""Mail as bytes and as facts: pure functions, without Django.

They run in the parser's child process as well, which must stay small and may be
killed; nothing here reads a setting, a clock or a database.
"""
