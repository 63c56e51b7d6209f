"""``python -m crmkit.cli``, for where the script ``crmkit`` is not on the path."""

from __future__ import annotations

from crmkit.cli import main

main()
