"""The deployment's keys, as units, services and hooks have them, and plugins that cannot do without."""

import pytest

from crmkit import CRM, Config
from crmkit.errors import InvalidTokenError, MissingKeysError, StartupError
from crmkit.sdk import Manifest, Service
from crmkit.testing.plugin import SECRET_KEY

SIGNING = Manifest(id="signing", distribution="crmkit-signing", api=">=1,<2", version="1", needs_keys=True)


def crm_for(tmp_path, **values):
    config = Config.of({"database.url": f"sqlite:///{tmp_path / 'crm.db'}", "crmkit.plugins": ["signing"], **values})
    return CRM(config, manifests=[SIGNING])


def test_a_plugin_that_needs_keys_keeps_a_deployment_without_one_from_starting(tmp_path):
    with pytest.raises(StartupError, match=r"signing: it signs .*secrets\.token_urlsafe") as caught:
        crm_for(tmp_path).start()
    assert [(problem.code, problem.subject) for problem in caught.value.problems] == [("missing_keys", "signing")]
    assert not (tmp_path / "crm.db").exists()


def test_a_deployment_with_a_key_starts_with_such_a_plugin(tmp_path):
    crm = crm_for(tmp_path, **{"core.secret_keys": [SECRET_KEY]})
    crm.schema.upgrade()
    with crm.start():
        assert "signing" in crm.runtime.manifests


def test_a_token_of_a_unit_is_read_in_another_of_its_tenant_only(crm_with, tenant):
    crm = crm_with()
    crm.tenants.create(f"{tenant}-2")
    with crm.begin("ada") as uow:
        token = uow.keys.sign("survey.answer", "17", expires_at=None)
    with crm.begin("ada") as uow:
        assert uow.keys.read("survey.answer", token, now=uow.now) == "17"
    with crm.begin("ada", f"{tenant}-2") as uow, pytest.raises(InvalidTokenError):
        uow.keys.read("survey.answer", token, now=uow.now)


def test_a_service_and_a_hook_have_the_keys_of_their_unit(crm):
    with crm.begin("ada") as uow:
        expected = uow.keys.digests("p", "x")
        assert Service(uow).keys.digests("p", "x") == expected
        assert uow._work.context.keys.digests("p", "x") == expected


def test_a_unit_of_a_deployment_without_a_key_says_so_when_it_is_asked(crm_with, rows):
    before = rows()
    crm = crm_with(config={"core.secret_keys": []})
    with crm.begin("ada") as uow, pytest.raises(MissingKeysError):
        uow.keys.sign("p", "x")
    assert rows() == before
