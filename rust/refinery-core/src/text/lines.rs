//! The three line splits in use: `str.splitlines()`, `split("\n")`, `re.split("\n+")`.
