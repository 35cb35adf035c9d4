"""Profiles from smalldata_tools' Python configurations.

`read` (without executing) or `execute` (in a subprocess) give a `reading.Reading`: what each function returns for which
runs. `translate` turns it into our sections, `write` into TOML, and `roundtrip` proves the result against the original.
Whatever finds no place is an `items.Item`.
"""
