"""Where configuration comes from, what it may say, and that it never shows a secret."""

import stat
import sys
from decimal import Decimal

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.config.config import Config, set_in_file
from crmkit.core.kernel.config.file import key_lines
from crmkit.core.kernel.config.secret import Secret
from crmkit.core.kernel.config.sections import mask_password
from crmkit.errors import ConfigError, InvalidSettingError, UnknownSettingError

DOCUMENT = """\
# what is loaded
[crmkit]
default_tenant = "acme"  # the only one
plugins = [
    "exchange",  # imports
    "membership",
]

[database]
url = "postgresql://crm:hunter2@db.example/crm"

[plugins.membership]
rate = 0.25
token = "hunter2"
"""


@frozen(kw_only=True)
class Settings:
    rate: Decimal = Decimal(1)
    token: Secret = field(factory=lambda: Secret("none"))
    days: int = 30


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "crmkit.toml"
    path.write_text(DOCUMENT, "utf-8")
    return path


def written(tmp_path, text):
    path = tmp_path / "crmkit.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# -- precedence -------------------------------------------------------------------------------------------------------


def test_what_nobody_sets_has_its_default():
    config = Config.of()
    assert config.database.url == "sqlite:///crmkit.db"
    assert config.database.schema is None
    assert config.crmkit.plugins == ()
    assert config.access.membership == "directory"
    assert config.limits.page == 1000


def test_code_wins_over_the_environment_which_wins_over_the_file_which_wins_over_defaults(file):
    environ = {"CRMKIT_CRMKIT__DEFAULT_TENANT": "from-environment", "CRMKIT_LIMITS__PAGE": "50"}
    config = Config.load(file, environ, {"limits": {"page": 20}})
    assert config.crmkit.plugins == ("exchange", "membership")
    assert config.crmkit.default_tenant == "from-environment"
    assert config.limits.page == 20
    assert config.hooks.max_faults == Config.of().hooks.max_faults


def test_each_value_knows_where_it_comes_from(file):
    environ = {"CRMKIT_CRMKIT__DEFAULT_TENANT": "other"}
    config = Config.load(file, environ, {"limits.page": 20})
    assert config.origin("database.url") == "crmkit.toml line 10"
    assert config.origin("crmkit.plugins") == "crmkit.toml line 4"
    assert config.origin("plugins.membership.rate") == "crmkit.toml line 13"
    assert config.origin("crmkit.default_tenant") == "environment CRMKIT_CRMKIT__DEFAULT_TENANT"
    assert config.origin("limits.page") == "code"
    assert config.origin("database.schema") == "default"
    assert config.origin("plugins.membership.days") == "default"


def test_a_table_comes_from_wherever_its_values_do(file):
    config = Config.load(file, {"CRMKIT_PLUGINS__MEMBERSHIP__DAYS": "3"})
    assert config.origin("plugins.membership") == (
        "crmkit.toml line 13, crmkit.toml line 14, environment CRMKIT_PLUGINS__MEMBERSHIP__DAYS"
    )


def test_the_origin_of_an_unknown_key_is_refused_with_the_nearest_one():
    with pytest.raises(UnknownSettingError) as refused:
        Config.of().origin("database.ulr")
    assert refused.value.nearest == "database.url"


def test_code_may_write_nested_tables_or_dotted_keys():
    assert Config.of({"limits": {"page": 7}}).limits == Config.of({"limits.page": 7}).limits


def test_further_values_from_code_win_and_leave_the_first_configuration_alone():
    first = Config.of({"limits.page": 7})
    second = first.override({"limits.page": 8, "crmkit.plugins": ["exchange"]})
    assert (first.limits.page, second.limits.page, second.crmkit.plugins) == (7, 8, ("exchange",))


def test_code_alone_sees_neither_the_file_nor_the_environment(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("CRMKIT_LIMITS__PAGE", "5")
    assert Config.of().limits.page == 1000


def test_the_file_in_the_working_directory_is_read_if_there_is_one(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    assert Config.load(environ={}).crmkit.default_tenant == "acme"
    file.unlink()
    assert Config.load(environ={}).crmkit.default_tenant is None


def test_the_environment_of_the_process_is_read_by_default(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRMKIT_LIMITS__PAGE", "5")
    assert Config.load().limits.page == 5


# -- the environment --------------------------------------------------------------------------------------------------


def test_a_variable_may_hold_any_value_that_toml_can():
    environ = {"CRMKIT_CRMKIT__PLUGINS": '["exchange", "membership"]', "CRMKIT_LIMITS__PAGE": "1_000"}
    config = Config.load(environ=environ)
    assert (config.crmkit.plugins, config.limits.page) == (("exchange", "membership"), 1000)


@pytest.mark.parametrize(
    "text", ["acme", "12", "007", "true", "a = b", "1\npage = 2", "{a = 1}", "", "'", "2026-01-01"]
)
def test_a_variable_for_a_text_is_that_text_however_it_looks(text):
    assert Config.load(environ={"CRMKIT_CRMKIT__DEFAULT_TENANT": text}).crmkit.default_tenant == text


def test_quotes_in_a_variable_are_those_of_toml():
    assert Config.load(environ={"CRMKIT_CRMKIT__DEFAULT_TENANT": '"acme"'}).crmkit.default_tenant == "acme"


def test_a_variable_reaches_the_settings_of_a_plugin():
    config = Config.load(environ={"CRMKIT_PLUGINS__MEMBERSHIP__RATE": "0.5", "CRMKIT_PLUGINS__MEMBERSHIP__TOKEN": "42"})
    assert config.plugin_settings("membership", Settings) == Settings(rate=Decimal("0.5"), token=Secret("42"))


def test_variables_of_other_programs_are_left_alone():
    assert Config.load(environ={"PATH": "/bin", "CRMKIT": "x", "CRMKIT_DEBUG": "1", "CRMKIT_DATABASE": "x"}).limits


def test_a_variable_with_one_underscore_too_few_is_refused_with_the_right_name():
    with pytest.raises(UnknownSettingError) as refused:
        Config.load(environ={"CRMKIT_DATABASE_URL": "sqlite://"})
    assert refused.value.nearest == "CRMKIT_DATABASE__URL"


def test_an_unknown_variable_is_refused_with_its_name_and_the_nearest_key():
    with pytest.raises(UnknownSettingError) as refused:
        Config.load(environ={"CRMKIT_DATABASE__ULR": "sqlite://"})
    assert (refused.value.origin, refused.value.nearest) == ("environment CRMKIT_DATABASE__ULR", "database.url")


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ('[database]\nulr = "x"', "database.ulr", "database.url"),
        ('[databse]\nurl = "x"', "databse", "database"),
        ("[acess]", "acess", "access"),
        ("page = 5", "page", None),
    ],
)
def test_an_unknown_key_names_its_line_and_the_nearest_known_one(tmp_path, text, key, nearest):
    with pytest.raises(UnknownSettingError) as refused:
        Config.load(written(tmp_path, text), {})
    assert (refused.value.key, refused.value.nearest) == (key, nearest)
    assert refused.value.origin.startswith("crmkit.toml line ")


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"limits.page": "many"}, "limits.page"),
        ({"limits.page": 0}, "limits.page"),
        ({"limits": 5}, "limits"),
        ({"database.url": 5}, "database.url"),
        ({"database.schema": "two words"}, "database.schema"),
        ({"database.schema": 'crm"; --'}, "database.schema"),
        ({"crmkit.plugins": "exchange"}, "crmkit.plugins"),
        ({"crmkit.plugins": ["exchange", 5]}, "crmkit.plugins[1]"),
        ({"crmkit.plugins": ["exchange", "exchange"]}, "crmkit.plugins"),
        ({"access.membership": "nowhere"}, "access.membership"),
        ({"plugins.membership": 5}, "plugins.membership"),
        ({"plugins": 5}, "plugins"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_its_key_and_origin(values, key):
    with pytest.raises(InvalidSettingError) as refused:
        Config.of(values)
    assert (refused.value.key, refused.value.origin) == (key, "code")


def test_a_key_that_is_a_table_in_one_place_and_a_value_in_another_is_refused(file):
    with pytest.raises(InvalidSettingError, match="environment CRMKIT_PLUGINS__MEMBERSHIP"):
        Config.load(file, {"CRMKIT_PLUGINS__MEMBERSHIP": "5"})
    with pytest.raises(InvalidSettingError, match="environment CRMKIT_LIMITS__PAGE__SIZE"):
        Config.load(written(file.parent, "[limits]\npage = 5"), {"CRMKIT_LIMITS__PAGE__SIZE": "5"})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[limits]\npage = = 5\n", "crmkit.toml line 2, column 8: "),
        ("[limits\n", "crmkit.toml line 1"),
        ("[limits]\npage = 5\npage = 6\n", "crmkit.toml line 3"),
        ('[database]\nurl = """sqlite', "crmkit.toml line 2"),
        (b"[database]\nurl = '\xff'", "not UTF-8"),
        ("a = " + "[" * 5000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_toml_names_the_line(tmp_path, text, place):
    with pytest.raises(ConfigError) as refused:
        Config.load(written(tmp_path, text), {})
    assert place in str(refused.value)


def test_a_byte_order_mark_does_no_harm(tmp_path):
    assert Config.load(written(tmp_path, b"\xef\xbb\xbf[limits]\npage = 5"), {}).limits.page == 5


def test_a_file_that_was_named_must_be_there(tmp_path):
    with pytest.raises(ConfigError, match="crmkit init"):
        Config.load(tmp_path / "crmkit.toml", {})


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        Config.load(tmp_path, {})


# -- plugins ----------------------------------------------------------------------------------------------------------


def test_the_settings_of_a_plugin_are_structured_by_its_own_class(file):
    config = Config.load(file, {})
    assert config.plugin_settings("membership", Settings) == Settings(rate=Decimal("0.25"), token=Secret("hunter2"))


def test_a_plugin_that_is_not_configured_has_its_defaults():
    assert Config.of().plugin_settings("membership", Settings) == Settings()


def test_errors_in_the_settings_of_a_plugin_are_found_all_at_once_with_their_lines(tmp_path):
    path = written(tmp_path, "[plugins.membership]\nratte = 1\ndays = 'x'\n")
    errors = Config.load(path, {}).plugin_errors("membership", Settings)
    assert {(error.key, error.origin) for error in errors} == {
        ("plugins.membership.ratte", "crmkit.toml line 2"),
        ("plugins.membership.days", "crmkit.toml line 3"),
    }


def test_a_plugin_without_settings_takes_none():
    [error] = Config.of({"plugins.membership.rate": 1}).plugin_errors("membership", None)
    assert error.key == "plugins.membership.rate"


def test_settings_of_a_plugin_that_is_not_installed_name_the_nearest_that_is():
    [error] = Config.of({"plugins.membrship.rate": 1}).unknown_plugins(["membership", "exchange"])
    assert (error.key, error.nearest) == ("plugins.membrship", "plugins.membership")


def test_the_settings_of_an_area_are_a_section_called_like_it():
    config = Config.of({"parties": {"rate": 2, "days": "x"}})
    assert [error.key for error in config.area_errors("parties", Settings)] == ["parties.days"]
    assert [error.key for error in config.area_errors("parties", None)] == ["parties.rate", "parties.days"]
    assert Config.of({"parties.rate": 2}).area_settings("parties", Settings) == Settings(rate=Decimal(2))


# -- showing ----------------------------------------------------------------------------------------------------------


def test_every_effective_value_is_shown_with_its_origin(file):
    shown = Config.load(file, {}).show({"membership": Settings})
    assert ("crmkit.plugins", '["exchange", "membership"]', "crmkit.toml line 4") in shown
    assert ("access.membership", "directory", "default") in shown
    assert ("plugins.membership.rate", "0.25", "crmkit.toml line 13") in shown
    assert ("plugins.membership.days", "30", "default") in shown


def test_the_settings_of_an_area_are_shown_if_their_class_is_known_and_masked_otherwise():
    config = Config.of({"parties.days": 5})
    assert ("parties.days", "5", "code") in config.show(areas={"parties": Settings})
    assert ("parties.days", "***", "code") in config.show()


@pytest.mark.parametrize("plugins", [{}, {"membership": None}, {"membership": Settings}])
def test_no_secret_is_ever_shown(file, plugins):
    config = Config.load(file, {"CRMKIT_PLUGINS__OTHER__PASSWORD": "hunter2"})
    assert "hunter2" not in repr(config) + str(config) + str(config.database) + str(config.show(plugins))
    assert "hunter2" not in str(config.override({"parties.token": "hunter2"}).show(plugins, {"parties": Settings}))
    assert "hunter2" not in str(config.override({"parties.token": "hunter2"}))
    assert "hunter2" not in str(config.sources) + str(config.plugins["other"])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://crm:hunter2@db/crm", "postgresql://crm:***@db/crm"),
        ("postgresql+psycopg://crm:hun@ter/2:x@db/crm", "postgresql+psycopg://crm:***@db/crm"),
        ("postgresql://:hunter2@/crm", "postgresql://:***@/crm"),
        ("postgresql://db/crm?user=a&password=hunter2&x=1", "postgresql://db/crm?user=a&password=***&x=1"),
        ("postgresql://crm@db:5432/crm", "postgresql://crm@db:5432/crm"),
        ("sqlite:///crmkit.db", "sqlite:///crmkit.db"),
    ],
)
def test_the_password_in_a_database_url_is_masked(url, shown):
    assert mask_password(url) == shown


# -- lines ------------------------------------------------------------------------------------------------------------


def test_the_line_of_a_key_is_found_whatever_form_it_has():
    text = (
        'a = 1\n\n# c = 1\nb.c = """\nx = 1\n[y]\n"""\n[d.e]  # comment\nf = [\n  1,\n]\n"g.h" = 2\n'
        "i = {j = 1, k = 2}\n\n[[l]]\nm = 1\n[[l]]\nm = 2\n[n]\n"
    )
    assert key_lines(text) == {
        ("a",): 1,
        ("b", "c"): 4,
        ("d", "e"): 8,
        ("d", "e", "f"): 9,
        ("d", "e", "g.h"): 12,
        ("d", "e", "i", "j"): 13,
        ("d", "e", "i", "k"): 13,
        ("l",): 15,
        ("l", "m"): 16,
        ("n",): 19,
    }


# -- changing the file ------------------------------------------------------------------------------------------------


def test_a_plugin_is_added_to_the_list_and_all_else_stays_as_it_was(file):
    set_in_file(file, "crmkit.plugins", ["exchange", "membership", "telephony"])
    assert Config.load(file, {}).crmkit.plugins == ("exchange", "membership", "telephony")
    kept = [line for line in DOCUMENT.splitlines() if "membership" not in line]
    assert [line for line in kept if line not in file.read_text("utf-8").splitlines()] == []


def test_a_plugin_is_removed_from_the_list_and_comments_of_others_stay(file):
    set_in_file(file, "crmkit.plugins", ["exchange"])
    assert Config.load(file, {}).crmkit.plugins == ("exchange",)
    assert '"exchange",  # imports' in file.read_text("utf-8")


def test_adding_and_removing_gives_the_list_back(file):
    set_in_file(file, "crmkit.plugins", ["exchange", "membership", "telephony"])
    set_in_file(file, "crmkit.plugins", ["exchange", "membership"])
    assert Config.load(file, {}).crmkit.plugins == ("exchange", "membership")


def test_setting_what_is_already_set_does_not_touch_the_file(file):
    before = file.stat().st_mtime_ns
    set_in_file(file, "crmkit.plugins", ["exchange", "membership"])
    assert (file.read_text("utf-8"), file.stat().st_mtime_ns) == (DOCUMENT, before)


@pytest.mark.parametrize("value", ["text", 5, True, ["a", "b"], [], Decimal("0.5")])
def test_any_plain_value_can_be_set_in_a_section_that_is_not_there_yet(file, value):
    set_in_file(file, "plugins.telephony.option", value)
    assert Config.load(file, {}).plugins["telephony"]["option"] == value


def test_a_key_is_removed_by_setting_nothing(file):
    set_in_file(file, "plugins.membership.rate", None)
    assert "rate" not in file.read_text("utf-8")
    assert "token" in file.read_text("utf-8")


def test_a_file_is_created_if_there_is_none(tmp_path):
    set_in_file(tmp_path / "crmkit.toml", "crmkit.plugins", ["exchange"])
    assert Config.load(tmp_path / "crmkit.toml", {}).crmkit.plugins == ("exchange",)


def test_line_ends_stay_as_they_are(tmp_path):
    path = written(tmp_path, b'[crmkit]\r\n# mine\r\nplugins = ["a"]\r\n')
    set_in_file(path, "crmkit.plugins", ["a", "b"])
    assert path.read_bytes() == b'[crmkit]\r\n# mine\r\nplugins = ["a", "b"]\r\n'


@pytest.mark.parametrize("text", ["crmkit = 5\n", "[limits]\npage = = 5\n", b"\xff\xfe"])
def test_a_file_that_cannot_be_changed_is_left_as_it_is(tmp_path, text):
    path = written(tmp_path, text)
    before = path.read_bytes()
    with pytest.raises(ConfigError):
        set_in_file(path, "crmkit.plugins", ["exchange"])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["crmkit.toml"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_file_that_only_its_owner_may_read_stays_so(file):
    file.chmod(0o600)
    set_in_file(file, "limits.page", 5)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_a_link(file, tmp_path):
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    set_in_file(link, "limits.page", 5)
    assert link.is_symlink()
    assert Config.load(file, {}).limits.page == 5


plugins = st.lists(st.sampled_from("abcdef"), unique=True)


@given(plugins, plugins)
def test_any_list_can_be_made_of_any_other(tmp_path_factory, first, second):
    path = tmp_path_factory.mktemp("config") / "crmkit.toml"
    path.write_text(f"[crmkit]\nplugins = {first!r}  # mine\n", "utf-8")
    set_in_file(path, "crmkit.plugins", second)
    assert Config.load(path, {}).crmkit.plugins == tuple(second)
    assert "# mine" in path.read_text("utf-8")
