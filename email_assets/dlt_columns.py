"""The columns that dlt adds to the tables that it fills, and their names."""

DLT_ID = "_dlt_id"
"""Tells a row from all others."""
LOAD_ID = "_dlt_load_id"
PARENT_ID = "_dlt_parent_id"
"""Of an item of a list: the `_dlt_id` of the row that the list is in."""
ROOT_ID = "_dlt_root_id"
"""Of an item of a list: the `_dlt_id` of the row of the resource's table."""
LIST_IDX = "_dlt_list_idx"

VARIANT = "__v_"
"""Stands in the name of a column for values of another type than their field had before."""
