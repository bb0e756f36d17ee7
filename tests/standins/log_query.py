"""Cloud Logging's query language, as far as our sinks use it: `AND`, `=` to a text or to one of several in brackets, and `=~`.

https://cloud.google.com/logging/docs/view/logging-query-language
"""

import re
from typing import Any

Entry = dict[str, Any]
TERM = re.compile(r'(?P<path>[A-Za-z_.]+)(?P<sign>=~|=)(?P<value>"[^"]*"|\("[^"]*"( OR "[^"]*")*\))')


def passes(query: str, entry: Entry) -> bool:
    """Whether an entry fits a query.

    Raises:
        ValueError: the query has what is not known here.
    """
    return all(_fits(term, entry) for term in query.split(" AND "))


def _fits(term: str, entry: Entry) -> bool:
    found = TERM.fullmatch(term)
    if found is None:
        raise ValueError(f"this stand-in for Cloud Logging does not know {term}")
    value: Any = entry
    for part in found["path"].split("."):
        value = value.get(part) if isinstance(value, dict) else None
    texts = re.findall(r'"([^"]*)"', found["value"])
    if found["sign"] == "=~":
        return isinstance(value, str) and bool(re.search(texts[0], value))
    return value in texts
