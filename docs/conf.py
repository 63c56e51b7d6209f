"""Sphinx configuration."""

from importlib.metadata import version as installed_version

project = "crmkit"
author = "The crmkit contributors"
project_copyright = "the crmkit contributors"
version = release = installed_version("crmkit")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

default_role = "code"  # docstrings write `names` as Markdown does

html_theme = "furo"
html_title = "crmkit"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "groupwise"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # attributes as a list, not as targets: one called `type` would take the links to the built-in
