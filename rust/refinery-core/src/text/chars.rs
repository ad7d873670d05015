//! Character classes as Python's `str` methods define them (`isalpha`, `isspace`, ...).
