"""The tables of problems and solutions, and the entities that they make together with the models."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.service_desk.problems.model import Problem, Solution
from crmkit.plugins.service_desk.schema import metadata
from crmkit.sdk import EntityType, Field, Flag, Text, entity_table, ref

__all__ = ["PROBLEM", "SOLUTION", "problem_table", "solution_table"]

problem_table = entity_table(
    "crm_service_desk_problem",
    metadata,
    Column("title", Text(), nullable=False),
    Column("body", Text(), nullable=False),
    Column("status", Text(), nullable=False),
)

solution_table = entity_table(
    "crm_service_desk_solution",
    metadata,
    Column("title", Text(), nullable=False),
    Column("body", Text(), nullable=False),
    ref("service_desk.problem", inverse="solutions", nullable=True, on_delete="clear"),
    Column("retired", Flag(), nullable=False),
)

_FOUND: Final = Field(searchable=True)

PROBLEM: Final = EntityType(
    name="service_desk.problem",
    model=Problem,
    table=problem_table,
    label="Problem",
    display="title",
    fields={"title": _FOUND, "body": _FOUND},
)

SOLUTION: Final = EntityType(
    name="service_desk.solution",
    model=Solution,
    table=solution_table,
    label="Solution",
    display="title",
    fields={"title": _FOUND, "body": _FOUND},
)
