"""How much of one part of a message is read."""

from __future__ import annotations

import pytest

from src.slack.text_urls import LONGEST_ADDRESS, Reading, urls_in_plain

ADDRESS = "https://looker.example/x/slug000001"
LIMIT = 2 * LONGEST_ADDRESS


def test_what_is_read_in_one_part_is_bounded_over_all_its_texts() -> None:
    reading = Reading(characters=10)
    assert reading.take("abcdef") == "abcdef"
    assert reading.characters == 4
    assert list(urls_in_plain(f"{ADDRESS} and more", reading)) == []
    assert reading.take("g") == ""


@pytest.mark.parametrize("before", [0, 100, LONGEST_ADDRESS - 2])
def test_of_a_text_that_is_too_long_the_addresses_far_from_where_it_is_cut_are_read(before: int) -> None:
    text = f"{'-' * before} {ADDRESS} ".ljust(LIMIT + 1)
    assert list(urls_in_plain(text, Reading(characters=LIMIT))) == [ADDRESS]


@pytest.mark.parametrize("left", [0, 1, len(ADDRESS) - 1])
def test_an_address_that_is_cut_is_none(left: int) -> None:
    text = " ".ljust(LIMIT - left) + f"{ADDRESS} "
    assert list(urls_in_plain(text, Reading(characters=LIMIT))) == []


def test_nor_is_one_near_the_cut_without_the_words_behind_it() -> None:
    text = f"{' ' * (LIMIT - len(ADDRESS) - 2)}{ADDRESS} and more"
    assert list(urls_in_plain(text, Reading(characters=LIMIT))) == []
