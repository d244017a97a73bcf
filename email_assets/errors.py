"""The base of every error that this package raises on purpose."""


class EmailAssetsError(Exception):
    """What failed, where, why and what to do about it, in one sentence a user can act on.

    The text never holds a key or a customer's address, and neither does anything it is chained to.
    """
