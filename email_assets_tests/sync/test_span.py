"""The stretch of time that a sync is about."""

from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest

from email_assets.account import configured_account
from email_assets.api.window import Window
from email_assets.instants import as_utc
from email_assets.settings import resolve
from email_assets.settings.resolve import SettingError
from email_assets.settings.sections import ResourceSettings
from email_assets.sync.span import Incremental, Span, SpanError, window_of
from email_assets.vendors import VendorResource

NO_TIME = "start and end must be dates or times such as 2026-01-31T12:00:00Z."
NEWEST = datetime(2026, 1, 31, 12, 0, 0, 750_000, tzinfo=timezone.utc)
SECTION = "sources.email.messages"
WHERE = rf"Set it as \[{SECTION}\] "


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type, misc]


def incremental_of(**block: Any) -> Incremental:
    incremental = {"cursor_path": "sent_at", **block}
    found = Incremental.of(cast(VendorResource, {"endpoint": {"incremental": incremental}}))
    assert found
    return found


class TestWhatPeopleWrite:
    @pytest.mark.parametrize(
        ("text", "instant"),
        [
            ("2026-01-31", utc(2026, 1, 31)),
            ("20260131", utc(2026, 1, 31)),
            ("2026-01-31T12:30:00Z", utc(2026, 1, 31, 12, 30)),
            ("2026-01-31 12:30", utc(2026, 1, 31, 12, 30)),
            ("2026-01-31T12:30:00+02:00", utc(2026, 1, 31, 10, 30)),
            ("2026-01-31T12:30:00.25-05:00", utc(2026, 1, 31, 17, 30, 0, 250_000)),
        ],
    )
    def test_a_start_is_a_date_or_a_time_in_utc_unless_it_says_otherwise(
        self, text: str, instant: datetime
    ) -> None:
        assert Span.parse(False, text, None) == Span(start=instant)

    @pytest.mark.parametrize("text", ["2026-01-31", "20260131"])
    def test_the_day_of_an_end_that_is_a_date_belongs_to_it(self, text: str) -> None:
        assert Span.parse(False, "2026-01-31", text) == Span(
            start=utc(2026, 1, 31), end=utc(2026, 1, 31, 23, 59, 59, 999_999)
        )

    def test_an_end_that_is_a_time_is_that_time(self) -> None:
        assert Span.parse(False, None, "2026-01-31T00:00Z") == Span(end=utc(2026, 1, 31))

    @pytest.mark.parametrize("nothing", [None, ""])
    def test_nothing_written_is_nothing_asked_for(self, nothing: str | None) -> None:
        assert Span.parse(False, nothing, nothing) == Span()
        assert Span.parse(True, nothing, nothing) == Span(full_refresh=True)

    @pytest.mark.parametrize(
        "text",
        ["yesterday", "12:30", "2026-02-30", "31.1.2026", "2026-01-01/2026-02-01", "-1", "P1D"],
    )
    def test_what_is_no_time_is_a_sentence(self, text: str) -> None:
        for start, end in ((text, None), (None, text)):
            with pytest.raises(SpanError) as caught:
                Span.parse(False, start, end)
            assert str(caught.value) == NO_TIME

    @pytest.mark.parametrize("text", ["1969-12-31", "2201-01-01", "9999-12-31"])
    def test_so_is_a_time_that_a_look_back_could_take_beyond_the_calendar(self, text: str) -> None:
        for start, end in ((text, None), (None, text)):
            with pytest.raises(SpanError):
                Span.parse(False, start, end)

    @pytest.mark.parametrize("text", ["1970-01-01", "2200-12-31"])
    def test_the_first_and_the_last_day_that_are_allowed_are(self, text: str) -> None:
        assert Span.parse(False, text, text).is_backfill

    def test_an_end_before_the_start_is_a_sentence(self) -> None:
        with pytest.raises(SpanError, match=r"^The end of a backfill must not be before its start"):
            Span.parse(False, "2026-02-01", "2026-01-31")

    def test_a_moment_is_a_stretch_of_time(self) -> None:
        at = utc(2026, 2, 1)
        assert Span.parse(False, "2026-02-01T00:00Z", "2026-02-01T00:00Z") == Span(False, at, at)

    @pytest.mark.parametrize(("start", "end"), [("2026-02-01", None), (None, "2026-02-01")])
    def test_a_full_refresh_of_a_stretch_of_time_is_a_sentence(
        self, start: str | None, end: str | None
    ) -> None:
        with pytest.raises(SpanError, match=r"^Ask for a full_refresh or for a start and end, not"):
            Span.parse(True, start, end)


class TestWindow:
    def test_without_a_cursor_it_is_everything(self) -> None:
        assert window_of("messages", Span(), None, NEWEST, SECTION) == Window()

    def test_the_first_time_it_is_everything(self) -> None:
        assert window_of("messages", Span(), incremental_of(), None, SECTION) == Window()

    def test_afterwards_it_goes_back_a_day_from_the_newest_row(self) -> None:
        window = window_of("messages", Span(), incremental_of(), NEWEST, SECTION)
        assert window == Window(utc(2026, 1, 30, 12))

    @pytest.mark.parametrize(
        ("lag", "start"),
        [
            (0, utc(2026, 1, 31, 12)),
            (90.5, utc(2026, 1, 31, 11, 58, 30)),
            (86400 * 31, utc(2025, 12, 31, 12)),
        ],
    )
    def test_it_goes_back_as_far_as_the_lag_says_and_to_the_full_second(
        self, lag: float, start: datetime
    ) -> None:
        assert window_of("messages", Span(), incremental_of(lag=lag), NEWEST, SECTION) == Window(
            start
        )

    def test_a_full_refresh_is_everything(self) -> None:
        span = Span(full_refresh=True)
        assert window_of("messages", span, incremental_of(), NEWEST, SECTION) == Window()

    def test_a_backfill_is_what_it_asks_for_whatever_is_known(self) -> None:
        span = Span(start=utc(2025, 1, 1), end=utc(2025, 2, 1))
        window = window_of("messages", span, incremental_of(), NEWEST, SECTION)
        assert window == Window(utc(2025, 1, 1), utc(2025, 2, 1))

    def test_a_backfill_without_a_cursor_is_a_sentence_that_names_the_setting(self) -> None:
        with pytest.raises(SpanError) as caught:
            window_of("messages", Span(start=utc(2025, 1, 1)), None, None, SECTION)
        assert str(caught.value) == (
            "messages: a start and an end need to know which field holds the time. Set "
            "[sources.email.messages] cursor_path in .dlt/config.toml, or run without them."
        )


class TestSettings:
    @pytest.mark.parametrize("lag", ["-1", "nan", "inf", "1e300"])
    def test_a_lag_that_no_clock_can_go_back_is_a_sentence(
        self, lag: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__LAG", lag)
        with pytest.raises(SettingError, match=rf"^lag must be .* {WHERE}lag in .*__LAG\.$"):
            resolve.load(ResourceSettings, "messages")

    @pytest.mark.parametrize("path", ["", " ", ".", "a..b", "sent_at."])
    def test_a_field_without_a_name_is_a_sentence(
        self, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", path)
        with pytest.raises(SettingError, match=rf"^cursor_path must be a field, .* {WHERE}"):
            resolve.load(ResourceSettings, "messages")

    def test_an_order_that_means_nothing_is_a_sentence(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__ROW_ORDER", "asc")
        with pytest.raises(SettingError, match=rf"^row_order can only be desc.* {WHERE}"):
            resolve.load(ResourceSettings, "messages")

    def test_an_end_without_a_start_is_a_sentence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__END_PARAM", "until")
        with pytest.raises(SettingError, match=r"end_param means nothing without a start_param"):
            _ = configured_account().resources

    def test_one_resource_s_settings_are_not_another_s(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
        assert resolve.load(ResourceSettings, "messages").cursor_path == "sent_at"
        assert resolve.load(ResourceSettings, "bounces").cursor_path is None


class TestInstants:
    @pytest.mark.parametrize(
        ("value", "instant"),
        [
            ("2026-01-31T12:30:00.5Z", utc(2026, 1, 31, 12, 30, 0, 500_000)),
            ("2026-01-31T12:30:00.1234567-04:00", utc(2026, 1, 31, 16, 30, 0, 123_456)),
            ("2026-01-31 12:30:00.123456+00", utc(2026, 1, 31, 12, 30, 0, 123_456)),
            ("2026-01-31T12:30:00", utc(2026, 1, 31, 12, 30)),
            ("2026-01-31", utc(2026, 1, 31)),
            ("Sat, 31 Jan 2026 12:30:00 +0100", utc(2026, 1, 31, 11, 30)),
            ("Sat, 31 Jan 2026 12:30:00 GMT", utc(2026, 1, 31, 12, 30)),
            (1_769_862_600, utc(2026, 1, 31, 12, 30)),
            (1_769_862_600.25, utc(2026, 1, 31, 12, 30, 0, 250_000)),
        ],
    )
    def test_apis_write_them_in_several_ways(self, value: str | float, instant: datetime) -> None:
        assert as_utc(value) == instant
        assert as_utc(value).utcoffset() == timedelta(0)

    @pytest.mark.parametrize("value", ["", "12:30", "x", "176986260", True, None, [], {}, 1e17])
    def test_anything_else_is_refused(self, value: Any) -> None:
        with pytest.raises(ValueError, match=r".*"):
            as_utc(value)
