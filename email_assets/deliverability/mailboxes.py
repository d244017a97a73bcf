"""The provider of a recipient's mailbox, told by the domain of the address."""

from __future__ import annotations

import re

OTHERS = "others"
PROVIDERS = {
    "Gmail": ("gmail", "googlemail"),
    "Outlook": ("outlook", "hotmail", "live", "msn", "windowslive"),
    "Yahoo": ("yahoo", "ymail", "rocketmail", "aol", "aim", "verizon"),
    "iCloud": ("icloud", "me", "mac"),
    "GMX and WEB.DE": ("gmx", "web"),
    "T-Online": ("t-online",),
    "Proton": ("proton", "protonmail", "pm"),
    "Orange": ("orange", "wanadoo"),
    "Comcast": ("comcast", "xfinity"),
    "QQ": ("qq", "foxmail"),
    "NetEase": ("163", "126", "yeah"),
    "Yandex": ("yandex", "ya"),
    "Mail.ru": ("mail.ru", "inbox.ru", "list.ru", "bk.ru"),
}
"""The names of domains by provider: the part before a country's ending, or the whole."""
ONLY = {
    "me": ("com",),
    "mac": ("com",),
    "live": ("com", "co.uk", "fr", "nl", "de", "it", "be", "dk", "se", "no", "ca", "com.au"),
    "aol": ("com", "de", "fr", "co.uk", "it", "es"),
    "aim": ("com",),
    "web": ("de",),
    "pm": ("me",),
    "proton": ("me",),
    "protonmail": ("com", "ch"),
    "orange": ("fr",),
    "wanadoo": ("fr",),
    "comcast": ("net",),
    "xfinity": ("com",),
    "verizon": ("net",),
    "qq": ("com",),
    "yeah": ("net",),
    "ya": ("ru",),
}
"""The endings of names that mean something else under others."""
_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[\w-]{1,63}\.)+[^\W\d_][\w-]{1,62}")
_PROVIDER_OF = {name: provider for provider, names in PROVIDERS.items() for name in names}


def is_domain(text: str) -> bool:
    """True if a text can be nothing but a domain."""
    return bool(_DOMAIN.fullmatch(text))


def provider_of(domain: str) -> str:
    """The provider of the mailboxes of a domain, or `others`.

    A company's own domain does not tell who keeps its mail.
    """
    name, _, ending = domain.partition(".")
    if found := _PROVIDER_OF.get(domain):
        return found
    if ending not in ONLY.get(name, (ending,)):
        return OTHERS
    is_an_ending = re.fullmatch(r"[a-z]{2,3}|com?\.[a-z]{2}", ending)
    return _PROVIDER_OF.get(name, OTHERS) if is_an_ending else OTHERS
