"""What is left in files once a person was erased: byte by byte, nothing."""

from __future__ import annotations

from bytes_left import places_left, places_of

from crmkit import Ref


def test_no_file_of_the_database_nor_of_the_store_says_what_was_erased(holding, planted, canary, folder):
    with holding.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")  # as databases do by themselves, which keeps values to plan by
    assert places_of(holding, canary, folder)
    with holding.begin("ada") as uow:
        uow.erasure.erase(Ref("party", planted), "asked for it")
    assert places_left(holding, canary, folder) == []
