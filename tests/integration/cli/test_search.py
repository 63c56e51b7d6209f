"""``crmkit search`` finds records by what is in them, and makes what they are found by anew."""

import json


def test_records_are_found_and_shown_with_what_was_found(deployment, ida):
    shown = deployment.done("search", "find", "IDA", "berg")
    head, line = shown.splitlines()
    assert head.split() == ["entity", "id", "record", "found", "in", "text"]
    assert line.split() == ["party", str(ida.id), "Ida", "Berg", "name", "Ida", "Berg"]
    (hit,) = json.loads(deployment.done("search", "find", "berg.example", "--json"))
    assert (hit["label"], hit["field"], hit["snippet"]) == ("Ida Berg", "mechanism.raw", "ida@berg.example")


def test_what_cannot_be_searched_is_refused_in_one_line(deployment, ida):
    assert "nothing to search" in deployment.refused("search", "find", "ida", "--entity", "role")
    assert "1,000" in deployment.refused("search", "find", "x" * 2_000).replace("1000", "1,000")


def test_a_rebuild_says_how_much_was_not_as_it_should_be(deployment, ida):
    assert deployment.done("search", "rebuild") == "0 texts were not as the records are\n"
