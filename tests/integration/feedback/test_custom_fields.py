"""What a host adds to surveys by custom fields stays with them when they are answered, and can be asked for."""

from __future__ import annotations

from crmkit import Ref, f
from crmkit.plugins.feedback import Survey


def test_a_custom_field_of_a_survey_has_its_default_is_found_and_outlives_the_answer(crm, ida, ask, answer):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("feedback.survey", "shop", "text", default="Oslo")
    asked = ask(ida)
    answer(asked.token, 4)
    with crm.begin("ada", read_only=True) as uow:
        assert [one.id for one in uow.each(Survey, f.custom.shop == "Oslo")] == [asked.survey.id]
        assert [one.id for one in uow.each(Survey, f.custom.shop == "Bergen")] == []
        kept = uow.get(Survey, asked.survey.id)
        assert (kept.score, dict(kept.custom)) == (4, {"shop": "Oslo"})


def test_erasing_the_person_takes_what_a_custom_field_says_and_keeps_the_score(crm, ida, ask, answer):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("feedback.survey", "shop", "text", default="zanarivik")
    asked = ask(ida)
    answer(asked.token, 4)
    assert dict(asked.survey.custom) == {"shop": "zanarivik"}
    with crm.begin("ada") as uow:
        uow.erasure.erase(Ref("party", ida), "asked for it")
    with crm.begin("ada", read_only=True) as uow:
        kept = uow.get(Survey, asked.survey.id)
        assert (kept.score, dict(kept.custom)) == (4, {})
