"""Reading everything, page by page."""

from attrs import evolve

from crmkit import Person
from crmkit.core.kernel.query.compiler import MAX_LIMIT


def test_each_record_comes_once_although_records_are_updated_meanwhile(crm):
    """The first order of people is by name; renamed to one that is past already, somebody would never come."""
    with crm.begin("ada") as uow:
        people = uow.parties.add_many([Person(given_name=f"P{n:04}") for n in range(MAX_LIMIT + 10)])
    with crm.begin("ada") as uow:
        seen = []
        for person in uow.each(Person):
            seen.append(person.id)
            if len(seen) == MAX_LIMIT:
                for last in people[-5:]:
                    uow.parties.update(evolve(last, given_name="A"))
    assert seen == sorted(p.id for p in people)
