"""``crmkit init``, ``db``, ``tenants`` and ``config``."""

import json
import tomllib

from crmkit import Config


def test_init_writes_a_file_that_loads_and_says_what_comes_next(tmp_path, deployment):
    deployment.file.unlink()
    shown = deployment.done("init", "--default-tenant", "acme")
    config = Config.load(deployment.file, environ={})
    assert (config.crmkit.default_tenant, config.database.url) == ("acme", "sqlite:///crmkit.db")
    assert config.access.membership == "database"
    assert len(config.core.secret_keys) == 1
    assert "crmkit db upgrade" in shown
    assert "crmkit tenants create acme" in shown
    assert not (tmp_path / "crmkit.db").exists()


def test_init_leaves_a_file_that_is_there_alone(deployment):
    assert "is there already" in deployment.refused("init")


def test_init_writes_odd_values_so_that_they_are_read_back(deployment):
    deployment.file.unlink()
    url = 'postgresql://crm:pa"ss\\word@db.example/crm'
    deployment.done("init", "--database", url)
    assert tomllib.loads(deployment.file.read_text("utf-8"))["database"]["url"] == url


def test_tables_are_shown_pending_then_applied(empty):
    assert "core  -   0001_core  0001_core" in empty.done("db", "status")
    assert empty.done("db", "upgrade") == "Applying core: 0001_core\n"
    (core,) = json.loads(empty.done("db", "status", "--json"))
    assert (core["current"], core["pending"]) == ("0001_core", [])
    assert empty.done("db", "upgrade") == "Nothing to do: every migration is applied.\n"


def test_status_and_sql_change_nothing(empty):
    before = empty.stored()
    empty.done("db", "status")
    assert "CREATE TABLE" in empty.done("db", "sql")
    assert empty.stored() == before


def test_a_tenant_is_created_with_its_administrator(empty):
    empty.done("db", "upgrade")
    created = empty.done("tenants", "create", "acme", "--name", "Acme Ltd", "--administrator", "ida")
    assert created == "Created the tenant acme.\nida is its administrator.\n"
    assert empty.done("tenants", "list") == "tenant  name\nacme    Acme Ltd\n"
    assert json.loads(empty.done("tenants", "list", "--json")) == [{"id": "acme", "name": "Acme Ltd"}]
    assert "allowed" in empty.done("explain", "deal.update", actor="ida")


def test_a_tenant_that_is_there_is_not_created_again(deployment):
    assert "acme" in deployment.refused("tenants", "create", "acme")


def test_a_malformed_tenant_is_refused(deployment):
    assert "'a b'" in deployment.refused("tenants", "create", "a b")


def test_no_administrator_is_appointed_where_the_directory_says_who_has_which_role(deployment):
    text = deployment.file.read_text("utf-8").replace('membership = "database"', 'membership = "directory"')
    deployment.file.write_text(text, "utf-8")
    assert "--administrator needs access.membership" in deployment.refused(
        "tenants", "create", "other", "--administrator", "ida"
    )


def test_the_configuration_is_shown_with_origins_and_without_secrets(deployment, monkeypatch):
    monkeypatch.setenv("CRMKIT_DATABASE__URL", "postgresql://crm:hunter2@db.example/crm")
    shown = deployment.done("config", "show")
    assert "hunter2" not in shown
    assert "postgresql://crm:***@db.example/crm" in shown
    assert "environment CRMKIT_DATABASE__URL" in shown
    assert "crmkit.toml line 3" in shown
    rows = {row["key"]: row for row in json.loads(deployment.done("config", "show", "--json"))}
    assert rows["limits.page"] == {"key": "limits.page", "value": "1000", "origin": "default"}
