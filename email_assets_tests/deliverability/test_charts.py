"""Charts that are whole whatever they show."""

from xml.etree import ElementTree

import pytest

from email_assets.deliverability.charts import WIDTH, Bar, ranking, rates_over_time

TEXT = "{http://www.w3.org/2000/svg}text"


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(TEXT)]


def test_a_label_cannot_break_out_of_a_chart() -> None:
    svg = ranking("Senders", [Bar('<script>"&', 0.5, "50 %")])

    assert '<script>"&' in texts(svg)
    assert "<script" not in svg


def test_a_label_that_is_too_long_is_cut() -> None:
    assert f"{'a' * 29}…" in texts(ranking("Senders", [Bar("a" * 80, 1.0)]))


@pytest.mark.parametrize("rate", [0.0, 0.0004, 0.05, 1.0, 60.0, None])
def test_a_scale_has_a_few_lines_whatever_the_rate(rate: float | None) -> None:
    said = texts(rates_over_time("Rates", [Bar("Jun 1", rate)], limit=0.05))

    assert 2 <= sum(text.endswith(" %") and text[0].isdigit() for text in said) <= 8


def test_a_scale_reaches_the_limit_however_low_the_rates_are() -> None:
    assert "5 %" in texts(rates_over_time("Rates", [Bar("Jun 1", 0.0004)], limit=0.05))


@pytest.mark.parametrize("value", [0.001, 0.5])
def test_the_limit_of_a_ranking_lies_within_it(value: float) -> None:
    drawn = ElementTree.fromstring(ranking("Senders", [Bar("a", value)], limit=0.05))
    lines = drawn.iter("{http://www.w3.org/2000/svg}line")
    assert all(0 <= float(line.attrib["x1"]) <= WIDTH for line in lines)


def test_a_day_without_messages_is_a_gap() -> None:
    days = [Bar("Jun 1", 0.1, "10.0"), Bar("Jun 2", None)]

    assert rates_over_time("Rates", days, limit=0.05).count("<rect") == 2  # with the background


@pytest.mark.parametrize("bars", [[], [Bar("hard", 0, "0")]])
def test_nothing_to_show_is_no_error(bars: list[Bar]) -> None:
    assert texts(ranking("Bounces by type", bars))[0] == "Bounces by type"


def test_a_label_that_xml_cannot_hold_leaves_a_chart_that_can_be_drawn() -> None:
    bar = Bar("news\x00\x1b[1m\uffff\ud83d " + "a" * 30 + "@x.example", 0.5, "\x08<b>")

    assert texts(ranking("t", [bar])) == ["t", "news\ufffd …", "<b>"]
