"""Charts that are whole whatever they show."""

from xml.etree import ElementTree

import pytest

from email_assets.deliverability.charts import (
    WIDTH,
    Bar,
    Limit,
    counts_over_time,
    cut,
    ranking,
    rates_over_time,
)

TEXT = "{http://www.w3.org/2000/svg}text"
LINE = "{http://www.w3.org/2000/svg}line"
LIMIT = Limit("max_bounce_rate", 0.05)


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(TEXT)]


def dashed(svg: str) -> list[ElementTree.Element]:
    """The lines at limits."""
    lines = ElementTree.fromstring(svg).iter(LINE)
    return [line for line in lines if "stroke-dasharray" in line.attrib]


def test_a_label_cannot_break_out_of_a_chart() -> None:
    svg = ranking("Senders", [Bar('<script>"&', 0.5, "50 %")])

    assert '<script>"&' in texts(svg)
    assert "<script" not in svg


def test_a_label_that_is_too_long_loses_its_middle() -> None:
    long = "news.of-the-south-western-branch.acme.example"

    assert cut(long) == "news.of-the-sou…ch.acme.example"[:15] + "…" + long[-14:]
    assert cut(long) in texts(ranking("Senders", [Bar(long, 1.0)]))


@pytest.mark.parametrize("rate", [0.0, 0.00004, 0.0004, 0.05, 1.0, 60.0, None])
def test_a_scale_has_a_few_lines_whatever_the_rate(rate: float | None) -> None:
    said = texts(rates_over_time("Rates", [Bar("Jun 1", rate)], LIMIT))

    assert 2 <= sum(text.endswith(" %") and text[0].isdigit() for text in said) <= 8


def test_a_scale_of_a_day_on_which_far_more_came_back_than_was_sent_is_in_plain_numbers() -> None:
    said = texts(rates_over_time("Rates", [Bar("Jun 1", 60.0)], LIMIT))

    assert [text for text in said if text.endswith("00 %")] == ["2,000 %", "4,000 %", "6,000 %"]


@pytest.mark.parametrize("count", [None, 1, 3, 950, 12_345, 5_600_000])
def test_a_scale_of_counts_has_whole_numbers(count: int | None) -> None:
    said = texts(counts_over_time("Messages", [Bar("Jun 1", count)]))

    scale = said[1 : said.index("Jun 1")]
    assert all(text.replace(",", "").isdigit() or text == "·" for text in scale)
    assert len(scale) == len({*scale}) >= 2


@pytest.mark.parametrize(("rate", "is_drawn"), [(0.002, False), (0.03, True), (0.4, True)])
def test_a_limit_is_drawn_where_it_is_near_and_named_always(rate: float, is_drawn: bool) -> None:
    for svg in (
        rates_over_time("Rates", [Bar("Jun 1", rate)], LIMIT),
        ranking("Senders", [Bar("a", rate)], LIMIT),
    ):
        assert all(0 <= float(line.attrib["x1"]) <= WIDTH for line in dashed(svg))
        assert len(dashed(svg)) == is_drawn
        assert any("max_bounce_rate: 5.0 %" in text for text in texts(svg))


def test_a_day_without_messages_is_marked_as_such() -> None:
    days = [Bar("Jun 1", 0.004), Bar("Jun 2", None)]
    said = texts(rates_over_time("Rates", days, LIMIT))

    assert said.count("·") == 1
    assert {"0.40", "day in UTC; · no messages"} <= {*said}


def test_a_day_that_is_not_over_is_pale() -> None:
    bars = [Bar("Jun 1", 7), Bar("Jun 2", 7, so_far=True)]
    svg = counts_over_time("Messages", bars)

    assert svg.count("<path") == 2
    assert "day in UTC; pale: today so far" in texts(svg)


@pytest.mark.parametrize("bars", [[], [Bar("hard", 0, "0")]])
def test_nothing_to_show_is_no_error(bars: list[Bar]) -> None:
    assert texts(ranking("Bounces by type", bars))[0] == "Bounces by type"


def test_a_label_that_xml_cannot_hold_leaves_a_chart_that_can_be_drawn() -> None:
    bar = Bar("news\x00\x1b[1m\uffff\ud83d " + "a" * 30 + "@x.example", 0.5, "\x08<b>")

    assert texts(ranking("t", [bar])) == ["t", "news\ufffd …", "<b>"]
