"""Postmark's servers and their streams, whose lists are read one by one, and the tokens of each."""

from dlt.sources.rest_api.typing import ApiKeyAuthConfig

from email_assets.vendors import ForEach, Secret


def token_of(whose: str) -> ApiKeyAuthConfig:
    """The header with a token of the server or of the account."""
    return {
        "type": "api_key",
        "name": f"X-Postmark-{whose.title()}-Token",
        "api_key": Secret(f"sources.email.postmark.{whose}_token"),
        "location": "header",
    }


ACCOUNT_TOKEN = token_of("account")
EACH_SERVER: ForEach = {
    "resource": "servers",
    "id": "ID",
    "secret": "ApiTokens",
    "label": "ServerID",
    "alone": "/server",
}
EACH_STREAM: ForEach = {
    "resource": "message_streams",
    "id": "ID",
    "label": "MessageStream",
    "only": {"field": "MessageStreamType", "values": ["Transactional", "Broadcasts"]},
}
