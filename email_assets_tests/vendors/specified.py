"""The requests that Postmark's, Mailgun's and Resend's specifications allow."""

from __future__ import annotations

from email_assets_tests.vendors.specification import (
    ANY,
    DATE,
    WHOLE,
    YES_OR_NO,
    Parameter,
    Rules,
)

UUID = Parameter("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_EASTERN = Parameter(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?")
_DAYS = {"fromdate": _EASTERN, "todate": _EASTERN}
# where the specification of 2019 says no most, the reference does
_PAGES = {
    "count": Parameter(r"\d+", most=500, required=True),
    "offset": Parameter(r"\d+", required=True),
}
_LIST = {**_PAGES, **_DAYS, "tag": ANY}
POSTMARK: Rules = {
    ("GET", "/bounces"): {
        **_LIST,
        "type": ANY,
        "inactive": YES_OR_NO,
        "emailFilter": ANY,
        "messageID": UUID,
        "messagestream": ANY,
    },
    ("GET", "/messages/outbound"): {
        **_LIST,
        "recipient": ANY,
        "fromemail": ANY,
        "status": Parameter("queued|sent"),
        "messagestream": ANY,
    },
    ("GET", "/(server|deliverystats)"): {},
    ("GET", "/stats/outbound/(sends|bounces)"): {**_DAYS, "tag": ANY, "messagestream": ANY},
    ("GET", "/(servers|domains)"): {**_PAGES, "name": ANY},
    # of these two, the specification of 2019 knows nothing; the reference does
    ("GET", "/message-streams"): {
        "MessageStreamType": Parameter("All|Inbound|Transactional|Broadcasts"),
        "IncludeArchivedStreams": YES_OR_NO,
    },
    ("GET", "/message-streams/[^/]+/suppressions/dump"): {**_DAYS, "Origin": ANY},
}

_RFC_2822 = Parameter(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
_STRETCH = {"start": _RFC_2822, "end": _RFC_2822}
_SKIPPED = {"limit": Parameter(r"[1-9]\d*", most=1000), "skip": WHOLE, "sort": ANY}
_FIGURE = (
    "(accepted_outgoing|delivered|(permanent|temporary)_failed|(hard|soft)_bounces|complained"
    "|unsubscribed|unique_(opened|clicked))_count"
)
MAILGUN: Rules = {
    ("GET", "/v3/[^/]+/(bounces|complaints|unsubscribes)"): {
        "limit": Parameter(r"[1-9]\d*", most=1000),
        "page": Parameter("next|previous|last|first"),
        "address": ANY,
        "term": ANY,
    },
    ("GET", "/v4/domains"): {**_SKIPPED, "state": ANY, "include_subaccounts": YES_OR_NO},
    ("GET", "/v5/accounts/subaccounts"): {**_SKIPPED, "sort": Parameter("asc|desc")},
    ("POST", "/v1/analytics/logs"): {
        **_STRETCH,
        "events": ANY,
        "include_subaccounts": YES_OR_NO,
        "include_totals": YES_OR_NO,
        "pagination": Parameter(
            parts={
                "sort": Parameter("timestamp:(asc|desc)"),
                "token": ANY,
                "limit": Parameter(r"[1-9]\d*", most=100),
            }
        ),
    },
    ("POST", "/v1/analytics/metrics"): {
        **_STRETCH,
        "resolution": Parameter("day|hour|month"),
        "dimensions": Parameter("domain|ip|recipient_domain|subaccount|tag|time"),
        "metrics": Parameter(_FIGURE),
        "include_subaccounts": YES_OR_NO,
        "include_aggregates": YES_OR_NO,
        "pagination": Parameter(parts=_SKIPPED),
    },
}

_CURSOR = {"limit": Parameter(r"[1-9]\d*", most=100), "after": ANY, "before": ANY}
_DIMENSION = "(period|domain|email|broadcast)"
RESEND: Rules = {
    ("GET", "/(emails|domains|emails/receiving)"): _CURSOR,
    ("GET", "/suppressions"): {**_CURSOR, "origin": Parameter("bounce|complaint|manual")},
    ("GET", "/emails/metrics"): {
        "start_date": DATE,
        "end_date": DATE,
        "timezone": ANY,
        "granularity": Parameter("hourly|daily|weekly|monthly"),
        "dimensions": Parameter(f"{_DIMENSION}(,{_DIMENSION})*"),
        "metrics": Parameter("[a-z_]+(,[a-z_]+)*"),
    },
}
