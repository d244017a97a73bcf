"""The seam to dlt's inner names, by which its normalize step takes rows in batches.

dlt has no public way to say how rows become files, so a class of its own is put in the place of one
of dlt's. These names are not dlt's public ones:

- `dlt.normalize.worker.JsonLItemsNormalizer`, by which the step knows the class;
- of that class `_normalize_chunk`, which takes rows and adds to the schema, `_null_only_columns`,
  `_filtered_tables` and `_filtered_tables_columns`;
- of its item storage `write_data_item`, by which rows go into files, `get_active_writer`, which
  tells of a file, and `buffered_writers`, whose files the step counts and closes;
- `ArrowToParquetWriter`, which writes files of batches.

A setting of dlt's that names a normalizer class would remove the need. Where a name moves, syncs go
on row by row, with the same result.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

from dlt.common.data_writers import writers
from dlt.common.data_writers.buffered import BufferedDataWriter
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.schema import TSchemaUpdate
from dlt.common.schema.typing import TTableSchemaColumns
from dlt.common.storages.data_item_storage import DataItemStorage
from dlt.common.typing import TDataItem
from dlt.normalize import worker
from dlt.normalize.items_normalizers.jsonl import JsonLItemsNormalizer

from email_assets.dlt_columns import DLT_ID
from email_assets.warehouse.nul import has_no_nul, with_visible_nul

if TYPE_CHECKING:
    from email_assets.sync.batches import Batches

FIRST_ROWS = 100
"""Rows that dlt takes by itself, to infer columns of, before others are tried in batches."""

BATCHES = ".batches"
"""Ends the name under which the step knows the writer of a table's batches."""

_SAY: ContextVar[Callable[[str], None] | None] = ContextVar("say", default=None)
"""Told once if batches cannot be made; set while a sync of ours is normalized in this thread."""


@contextmanager
def in_batches(who: str, say: Callable[[str], None]) -> Iterator[None]:
    """Let what is normalized in the block be taken in batches, as far as it can be.

    Args:
        who: The resource, for sentences.
        say: Told once if everything has to be taken row by row.
    """

    def told(why: str) -> None:
        say(f"{who}: this dlt takes rows one by one, which is slower: {why}")

    if problem := problem_of_names():
        told(problem)
        yield
        return
    worker.JsonLItemsNormalizer = BatchNormalizer  # type: ignore[attr-defined]
    token = _SAY.set(told)
    try:
        yield
    finally:
        _SAY.reset(token)


def problem_of_names() -> str | None:
    """The name that moved, or None if all are in their places."""
    if not issubclass(getattr(worker, "JsonLItemsNormalizer", object), JsonLItemsNormalizer):
        return "dlt.normalize.worker has no JsonLItemsNormalizer"
    chunk = getattr(JsonLItemsNormalizer, "_normalize_chunk", None)
    parameters = list(inspect.signature(chunk).parameters) if chunk else []
    if parameters != ["self", "root_table_name", "items", "may_have_pua", "skip_write"]:
        return f"JsonLItemsNormalizer._normalize_chunk takes {', '.join(parameters)}"
    if not hasattr(writers, "ArrowToParquetWriter"):
        return "dlt has no ArrowToParquetWriter"
    return None


class _ItemStorage:
    """dlt's item storage, which knows that batches were written, and that NULs cannot be.

    Without the first, dlt would add an empty file to a table of which all rows came in batches.
    """

    def __init__(self, storage: DataItemStorage, capabilities: DestinationCapabilitiesContext):
        self._storage, self._has_no_nul = storage, has_no_nul(capabilities)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def get_active_writer(
        self, load_id: str, schema: str, table: str
    ) -> tuple[str, BufferedDataWriter[Any] | None]:
        """The name of a table's writer, and the writer of its rows or batches, if there is one."""
        name, writer = self._storage.get_active_writer(load_id, schema, table)
        return name, writer or self._storage.buffered_writers.get(f"{name}{BATCHES}")

    def write_data_item(
        self, load_id: str, schema: str, table: str, item: TDataItem, columns: TTableSchemaColumns
    ) -> int:
        """Write a row or several; gives their number."""
        written = with_visible_nul(item) if self._has_no_nul else item
        return self._storage.write_data_item(load_id, schema, table, written, columns)


class BatchNormalizer(JsonLItemsNormalizer):
    """Takes rows in batches where they fit, and as dlt does where they do not.

    The rows that do not fit are taken first, as far as they add to the schema. Rows that fit add
    nothing to it, so that it comes out as if all had been taken in their order.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._told = _SAY.get()
        self._batches: Batches | None = None
        self._is_off = self._told is None or self.item_storage.writer_spec.file_format != "parquet"
        if not self._is_off:
            spec = writers.ArrowToParquetWriter.writer_spec()
            self._batch_storage = self.load_storage.create_item_storage(spec)
            storage = _ItemStorage(self.item_storage, self.config.destination_capabilities)
            self.item_storage = cast(DataItemStorage, storage)

    def _normalize_chunk(
        self, root_table_name: str, items: list[TDataItem], may_have_pua: bool, skip_write: bool
    ) -> TSchemaUpdate:
        if self._is_off or may_have_pua or skip_write or self._has_filters():
            return super()._normalize_chunk(root_table_name, items, may_have_pua, skip_write)
        update: TSchemaUpdate = {}
        few = FIRST_ROWS
        while items:
            items = self._without_batch(root_table_name, items)
            head, items = items[:few], items[few:]
            found = super()._normalize_chunk(root_table_name, head, False, False)
            for table, partial in found.items():
                update.setdefault(table, []).extend(partial)
            if found and self._batches:
                self._batches.forget()
            else:
                few = len(items)  # the others do not fit either
            few *= 2
        return update

    def _has_filters(self) -> bool:
        """True if a schema contract or an exclusion says that something is not loaded."""
        by_contract = self._filtered_tables or self._filtered_tables_columns
        return bool(by_contract) or any("filters" in table for table in self.schema.tables.values())

    def _without_batch(self, root: str, items: list[TDataItem]) -> list[TDataItem]:
        """Write the batch of all rows that fit; gives the others."""
        known = self.schema.tables[root]["columns"] if root in self.schema.tables else {}
        if self._is_off or not known.get(DLT_ID, {}).get("data_type"):  # nothing was loaded yet
            return items
        # it needs pyarrow, which takes a while, and definitions load without
        from email_assets.sync.batches import Batches

        try:
            if self._batches is None:
                capabilities = self.config.destination_capabilities
                self._batches = Batches(self.schema, capabilities, self.load_id, root)
            batch = self._batches.of(items)
        except Exception as error:  # nothing is written of it yet
            self._is_off = True
            if self._told:
                self._told(f"{type(error).__name__} in email_assets.sync.batches")
            return items
        for table, rows in batch.tables:
            self._write(table, rows)
        for table, column in batch.nulls:
            self._null_only_columns.setdefault(table, set()).add(column)
        return [items[at] for at in sorted(batch.odd)]

    def _write(self, table: str, rows: Any) -> None:
        schema, storage = self.schema.name, self._batch_storage
        if not rows.num_rows:
            return
        columns = self.schema.get_table_columns(table)
        storage.write_data_item(self.load_id, schema, table, rows, columns)
        name, writer = storage.get_active_writer(self.load_id, schema, table)
        self.item_storage.buffered_writers.setdefault(f"{name}{BATCHES}", writer)
        self._report_progress(table, rows.num_rows)
