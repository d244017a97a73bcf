"""The syncs that a variant's warehouse goes through, in this order.

An empty warehouse; a second sync; and a third after new messages came at the head of the list.
"""

FIRST = "first sync"
NOTHING_NEW = "nothing new"
NEW = "1 % new"
SCENARIOS = (FIRST, NOTHING_NEW, NEW)
