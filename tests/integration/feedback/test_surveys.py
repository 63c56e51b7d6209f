"""Asking a party how satisfied it is, and taking its answer by a signed link."""

from datetime import timedelta

import pytest

from crmkit import Deal, Money, Person, Ref, new_id
from crmkit.errors import (
    ConflictError,
    ForbiddenError,
    InvalidTokenError,
    InvalidValueError,
    LimitExceededError,
    MissingKeysError,
    NotFoundError,
    RefusedError,
    StartupError,
    UnknownChannelError,
)
from crmkit.plugins.feedback import Feedback, Survey, SurveyAnswered, SurveyAsked
from crmkit.plugins.privacy import Privacy
from crmkit.sdk import Rule

DAY = timedelta(days=1)


def surveys(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        return uow.use(Feedback).surveys(party)


def timeline(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        return [e.summary for e in uow.interactions.timeline(party) if e.kind.startswith("feedback.")]


def without_denials(stored):
    return {name: lines for name, lines in stored.items() if name != "crm_denial"}


# -- asking -----------------------------------------------------------------------------------------------------------


def test_a_party_is_asked_by_a_link_that_is_nowhere_kept(crm, ida, ask, rows, clock, recorded_events):  # noqa: PLR0917  # pytest hands fixtures over by name
    asked = ask(ida, topic="the new roof", agent="sam")
    survey = asked.survey
    assert (survey.kind, survey.topic, survey.agent_id, survey.asked_by) == ("csat", "the new roof", "sam", "ada")
    assert survey.expires_at == clock.now() + 14 * DAY
    assert asked.link == f"https://acme.example/feedback/{asked.token}"
    assert asked.not_before is None
    assert not [line for lines in rows().values() for line in lines if asked.token in line]
    said = recorded_events.one(SurveyAsked)
    assert (said.survey, said.party, said.kind, said.channel, said.agent) == (survey.id, ida, "csat", "email", "sam")
    assert timeline(crm, ida) == ["asked how satisfied (csat, email) about the new roof"]


def test_the_agent_is_by_default_the_owner_of_what_it_is_about(crm, ida, ask):
    with crm.begin("ada") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=ida, title="Roof", amount=Money("1", "EUR"), owner="sam")
    survey = ask(ida, about=Ref("deal", deal.id)).survey
    assert (survey.topic, survey.agent_id, survey.about_id) == (None, "sam", deal.id)


def test_without_consent_nobody_is_asked_and_nothing_is_stored(crm, rows):
    with crm.begin("ada") as uow:
        party = uow.parties.add(Person(given_name="Ole"), emails=["ole@berg.example"]).id
    before = rows()
    with pytest.raises(RefusedError, match="may not be asked over email") as refused, crm.begin("ada") as uow:
        uow.use(Feedback).ask(party)
    assert [(r.plugin, r.code) for r in refused.value.refusals] == [("feedback", "not_contactable")]
    assert rows() == before


def test_a_withdrawal_is_heeded(crm, ida, ask, rows):
    with crm.begin("ada") as uow:
        uow.use(Privacy).record_consent(party=ida, purpose="feedback", channel="email", given=False)
    before = rows()
    with pytest.raises(RefusedError):
        ask(ida)
    assert rows() == before


def test_nobody_is_asked_again_before_so_many_days(crm, ida, ask, rows, clock):
    ask(ida)
    clock.advance(29 * DAY)
    before = rows()
    with pytest.raises(RefusedError, match="asked less than 30 days ago; it may be asked again from 2026-04-01T09:00"):
        ask(ida)
    assert rows() == before
    clock.advance(DAY)
    ask(ida)
    assert len(surveys(crm, ida)) == 2


def test_by_a_setting_parties_may_be_asked_at_any_time(crm_set, ida, clock):
    often = crm_set(ask_every_days=0)
    with often.begin("ada") as uow:
        uow.use(Feedback).ask(ida)
        uow.use(Feedback).ask(ida)
    assert len(surveys(often, ida)) == 2


def test_what_the_asker_may_not_read_counts_as_well(crm, actors, ida, ask):
    """Asking needs no right to read what parties were asked."""
    with crm.begin("ada") as uow:
        permitted = ("feedback.survey.create", "party.read", "interaction.create")
        uow.permissions.define_role("asker", [Rule(effect="permit", permission=p) for p in permitted])
    actors.add("bot", roles=["asker"])
    ask(ida)
    with pytest.raises(ForbiddenError), crm.begin("bot", read_only=True) as uow:
        uow.use(Feedback).surveys(ida)
    with pytest.raises(RefusedError, match="asked less than 30 days ago"):
        ask(ida, actor="bot")


def test_what_it_was_asked_about_may_be_hidden_from_whoever_takes_the_answer(crm, ida, ask, answer):
    with crm.begin("ada") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=ida, title="Roof", amount=Money("1", "EUR"))
    asked = ask(ida, about=Ref("deal", deal.id))
    with pytest.raises(NotFoundError), crm.begin("web", read_only=True) as uow:
        uow.get(Deal, deal.id)
    assert answer(asked.token, 4).score == 4


def test_the_same_key_is_the_same_survey_and_the_same_token(crm, ida, ask):
    one, other = ask(ida, key="case 17"), ask(ida, key="case 17")
    assert (one.survey.id, one.token) == (other.survey.id, other.token)
    assert len(surveys(crm, ida)) == 1


def test_the_same_key_for_something_else_is_refused(crm, ida, ask, rows):
    ask(ida, key="case 17")
    before = rows()
    with pytest.raises(ConflictError, match="'case 17' was used for another survey \\(kind differs\\)"):
        ask(ida, key="case 17", kind="nps")
    assert rows() == before


def test_a_token_can_be_had_again(crm, ida, ask):
    asked = ask(ida)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.use(Feedback).link(asked.survey.id).token == asked.token


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"kind": "stars"}, InvalidValueError),
        ({"channel": "pigeon"}, UnknownChannelError),
        ({"topic": "a\x00b"}, InvalidValueError),
        ({"key": "k" * 201}, LimitExceededError),
        ({"about": Ref("deal", new_id())}, NotFoundError),
    ],
)
def test_what_cannot_be_asked_is_refused(ida, ask, rows, wrong, error):
    before = rows()
    with pytest.raises(error):
        ask(ida, **wrong)
    assert rows() == before


def test_a_hidden_party_is_not_found_and_asking_needs_the_right(crm, ida, ask, rows):
    before = without_denials(rows())
    for actor, party, error in [
        ("sam", ida, NotFoundError),
        ("vic", ida, ForbiddenError),
        ("ada", new_id(), NotFoundError),
    ]:
        with pytest.raises(error):
            ask(party, actor=actor)
    assert without_denials(rows()) == before


def test_without_a_secret_key_it_does_not_start(crm_with):
    with pytest.raises((StartupError, MissingKeysError), match="secret_keys"):
        crm_with("privacy", "feedback", config={"core": {"secret_keys": []}})


# -- answering --------------------------------------------------------------------------------------------------------


def test_whoever_has_the_link_answers(crm, ida, ask, answer, clock, recorded_events):  # noqa: PLR0917  # pytest hands fixtures over by name
    asked = ask(ida, agent="sam")
    clock.advance(DAY)
    form = answer(asked.token, 4, "quick")
    assert (form.score, form.comment, form.highest) == (4, "quick", 5)
    (survey,) = surveys(crm, ida)
    assert (survey.score, survey.comment, survey.answered_at) == (4, "quick", clock.now())
    said = recorded_events.one(SurveyAnswered)
    assert (said.survey, said.party, said.score, said.before, said.agent) == (survey.id, ida, 4, None, "sam")
    assert timeline(crm, ida)[0] == "answered 4 of 5 (csat)"


def test_the_form_shows_what_is_asked_and_changes_nothing(crm, ida, ask, rows):
    asked = ask(ida, kind="nps")
    before = rows()
    with crm.begin("web", read_only=True) as uow:
        form = uow.use(Feedback).form(asked.token)
    assert (form.kind, form.lowest, form.highest, form.score) == ("nps", 0, 10, None)
    assert rows() == before


def test_an_answer_may_be_changed_until_the_link_expires(crm, ida, ask, answer, clock, recorded_events):  # noqa: PLR0917  # pytest hands fixtures over by name
    asked = ask(ida)
    first = clock.now()
    answer(asked.token, 5, "great")
    clock.advance(3 * DAY)
    answer(asked.token, 2)
    (survey,) = surveys(crm, ida)
    assert (survey.score, survey.comment, survey.answered_at) == (2, "great", first)
    assert [(e.score, e.before) for e in recorded_events.of(SurveyAnswered)] == [(5, None), (2, 5)]
    clock.advance(11 * DAY)
    with pytest.raises(InvalidTokenError):
        answer(asked.token, 5)
    assert surveys(crm, ida) == (survey,)


def test_the_same_answer_once_more_changes_nothing(crm, ida, ask, answer, rows):
    asked = ask(ida)
    answer(asked.token, 4, "quick")
    before = surveys(crm, ida), timeline(crm, ida)
    events = rows()["crm_change"]
    for comment in ("quick", None):
        answer(asked.token, 4, comment)
    assert (surveys(crm, ida), timeline(crm, ida)) == before
    assert rows()["crm_change"] == events


def test_a_comment_is_found_by_search(crm, ida, ask, answer):
    answer(ask(ida).token, 1, "the scaffolding fell over")
    with crm.begin("ada", read_only=True) as uow:
        assert [hit.ref.entity for hit in uow.search.find("scaffolding")] == ["feedback.survey"]


@pytest.mark.parametrize(
    ("kind", "score"),
    [("csat", 0), ("csat", 6), ("nps", -1), ("nps", 11), ("csat", True), ("csat", "5"), ("csat", 4.0)],
)
def test_a_score_that_is_none_is_refused(ida, ask, answer, rows, kind, score):  # noqa: PLR0917  # pytest hands fixtures over by name
    asked = ask(ida, kind=kind)
    before = rows()
    with pytest.raises(InvalidValueError, match="give a whole number from"):
        answer(asked.token, score)
    assert rows() == before


@pytest.mark.parametrize(("comment", "error"), [("x" * 10_001, LimitExceededError), ("a\x00b", InvalidValueError)])
def test_a_comment_that_cannot_be_kept_is_refused(ida, ask, answer, rows, comment, error):  # noqa: PLR0917  # pytest hands fixtures over by name
    asked = ask(ida)
    before = rows()
    with pytest.raises(error):
        answer(asked.token, 3, comment)
    assert rows() == before


# -- tokens -----------------------------------------------------------------------------------------------------------


def refusal(answer, token):
    with pytest.raises(InvalidTokenError) as refused:
        answer(token, 1)
    return str(refused.value)


def test_tokens_that_are_not_good_change_nothing_and_tell_nothing(crm, crm_with, tenant, ida, ask, answer, rows, clock):  # noqa: PLR0917  # pytest hands fixtures over by name
    """Forged, of another purpose, tenant or nonce, of a survey that is gone, and expired: each says the same."""
    asked = ask(ida)
    with crm.begin("ada") as uow:
        keys, payload = uow.keys, f"{asked.survey.id}.{asked.survey.nonce}"
        wrong = [
            "",
            "x" * 50_000,
            "..",
            asked.token[:-2] + ("AA" if asked.token[-2:] != "AA" else "BB"),
            "A" + asked.token[1:],
            keys.sign("feedback.other", payload),
            keys.sign("feedback.answer", f"{asked.survey.id}.{'x' * 16}"),
            keys.sign("feedback.answer", str(asked.survey.id)),
            keys.sign("feedback.answer", f"{new_id()}.{asked.survey.nonce}"),
            keys.sign("feedback.answer", "no id at all"),
            keys.sign("feedback.answer", payload, expires_at=clock.now()),
        ]
    elsewhere = crm_with("privacy", "feedback", clock=clock, tenant=f"{tenant}-b")
    with elsewhere.begin("ada") as uow:
        wrong.append(uow.keys.sign("feedback.answer", payload))
    before = rows()
    said = {refusal(answer, token) for token in wrong}
    assert len(said) == 1
    assert str(asked.survey.id) not in said.pop()
    assert rows() == before


def test_a_token_of_a_survey_that_was_undone_is_no_good(crm, ida, answer, rows):
    with crm.begin("ada") as uow:
        asked, unit = uow.use(Feedback).ask(ida), uow.id
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    before = rows()
    refusal(answer, asked.token)
    assert rows() == before


def test_taking_answers_needs_the_right(ida, ask, answer, rows):
    asked = ask(ida)
    before = without_denials(rows())
    with pytest.raises(ForbiddenError):
        answer(asked.token, 5, actor="vic")
    assert without_denials(rows()) == before


# -- merging, undoing, erasing ----------------------------------------------------------------------------------------


def test_answers_follow_a_merge_and_its_undo(crm, ida, person, ask, answer):
    twin = person("Idaa")
    asked = ask(twin)
    answer(asked.token, 3)
    with crm.begin("ada") as uow:
        uow.parties.merge(twin, ida)
        unit = uow.id
    assert [s.score for s in surveys(crm, ida)] == [3]
    answer(asked.token, 2)
    with pytest.raises(RefusedError, match="asked less than"):
        ask(ida)
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert surveys(crm, ida) == ()
    assert [s.score for s in surveys(crm, twin)] == [2]


def test_an_answer_can_be_undone(crm, ida, ask):
    asked = ask(ida)
    with crm.begin("web") as uow:
        uow.use(Feedback).answer(asked.token, 5)
        unit = uow.id
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    (survey,) = surveys(crm, ida)
    assert (survey.score, survey.answered_at) == (None, None)


def test_after_erasure_the_score_stays_no_word_does_and_links_lead_nowhere(crm, ida, ask, answer, rows):
    asked = ask(ida, topic="canaryroof", key="canarykey")
    answer(asked.token, 2, "canarycomment")
    with crm.begin("ada") as uow:
        uow.erasure.erase(Ref("party", ida), "asked for it")
    assert not [line for lines in rows().values() for line in lines if "canary" in line or asked.survey.nonce in line]
    with crm.begin("ada", read_only=True) as uow:
        assert [(s.score, s.party_id) for s in uow.each(Survey)] == [(2, ida)]
    before = rows()
    refusal(answer, asked.token)
    assert rows() == before
