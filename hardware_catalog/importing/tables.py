"""What all tables share: rows are compared first, faults are told by column, and what is written gets a history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from functools import cached_property
from itertools import batched
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import QuerySet
from import_export.fields import Field
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import ModelResource
from import_export.results import RowResult

from hardware_catalog import belongings, editing, history
from hardware_catalog.content import Difference
from hardware_catalog.importing.cells import Cell, Named, Owned
from hardware_catalog.written import label_of

BATCH = 500
LONGEST_SHOWN = 120


class Known(BaseInstanceLoader):  # type: ignore[misc]
    """All objects that a table names, read in a few queries."""

    def __init__(self, resource: Table, dataset: Any = None) -> None:
        super().__init__(resource, dataset)
        self.known: dict[str, Any] = {}
        column = resource.fields["slug"].column_name
        slugs = [str(slug) for slug in dataset[column]] if column in (dataset.headers or ()) else []
        for some in batched(slugs, BATCH, strict=False):
            found = resource.with_belongings(resource.get_queryset().filter(slug__in=some))
            self.known |= {entry.slug: entry for entry in found}

    def get_instance(self, row: Any) -> Any:
        return self.known.get(str(row[self.resource.fields["slug"].column_name]))


class Table(ModelResource):  # type: ignore[misc]
    """A table of one kind of object, found again by its slug."""

    # set by the tables themselves
    title = ""
    COLUMNS: Mapping[str, Field] = {}
    related: tuple[str, ...] = ()
    adds = True  # whether rows may name objects that the catalog does not have

    class Meta:
        fields = ()  # only those of COLUMNS
        import_id_fields = ("slug",)
        instance_loader_class = Known
        use_bulk = False  # it would pass history by
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = False
        store_instance = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.fields = deepcopy(dict(self.COLUMNS))

    @classmethod
    def get_display_name(cls) -> str:
        return cls.title

    @classmethod
    def get_diff_class(cls) -> type[Changes]:
        return Changes

    @property
    def kind(self) -> str:
        """The kind of entry, "" for objects to which nothing belongs."""
        return belongings.KINDS.get(self._meta.model, "")

    @cached_property
    def columns(self) -> dict[str, Field]:
        """Fields by column, in their order."""
        return {str(field.column_name): field for field in self.fields.values()}

    def cells(self, entry: Any) -> list[str]:
        """The row of an object: its belongings lie beside it."""
        owned = getattr(entry, "owned", {})
        return [
            field.widget.render(
                owned.get(field.attribute) if isinstance(field, Owned) else getattr(entry, field.attribute)
            )
            for field in self.columns.values()
        ]

    # export

    def get_queryset(self) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset()
        return found.select_related(*self.related) if self.related else found

    def filter_export(self, queryset: QuerySet[Any], **options: Any) -> QuerySet[Any]:
        ordered = queryset.order_by("slug")
        return ordered.select_related(*self.related) if self.related else ordered

    def iter_queryset(self, queryset: Iterable[Any]) -> Iterator[Any]:
        found = queryset.iterator(chunk_size=BATCH) if isinstance(queryset, QuerySet) else queryset
        for some in batched(found, BATCH, strict=False):
            yield from self.with_belongings(some)

    def export_resource(self, instance: Any, selected_fields: Any = None, **options: Any) -> list[str]:
        return self.cells(instance)

    def with_belongings(self, entries: Iterable[Any]) -> list[Any]:
        """The entries with what belongs to them beside them."""
        listed = list(entries)
        if self.kind:
            owned = belongings.read(self.kind, [entry.pk for entry in listed])
            for entry in listed:
                entry.owned = owned[entry.pk]
        return listed

    # import

    def before_import(self, dataset: Any, **options: Any) -> None:
        """Refuse a table that cannot be meant: unknown columns, no slug, a slug twice."""
        headers = list(dataset.headers or ())
        unknown = [header for header in headers if header not in self.columns]
        if unknown:
            known = ", ".join(self.columns)
            raise ValueError(f"There is no column {', '.join(map(repr, unknown))}. The columns are {known}.")
        repeated = [header for header, n in Counter(headers).items() if n > 1]
        if repeated:
            raise ValueError(f"The column {repeated[0]!r} is there twice.")
        slug = self.fields["slug"].column_name
        if slug not in headers:
            raise ValueError(f"The column {slug!r} is needed: it says which row is which.")
        self._saved: list[int] = []
        for field in self.fields.values():
            if isinstance(field.widget, Named):
                field.widget.forget()
        self._pass_over_untouched(dataset)

    def _pass_over_untouched(self, dataset: Any) -> None:
        """Leave only the rows that are not as they would be exported, and note where each stood."""
        headers, rows = list(dataset.headers), list(dataset)
        self._first: dict[str, int] = {}
        self._numbers: list[int] = []
        place = headers.index(self.fields["slug"].column_name)
        known = Known(self, dataset).known
        dataset.wipe()
        dataset.headers = headers
        for number, row in enumerate(rows, 1):
            slug = str(row[place])
            is_first = self._first.setdefault(slug, number) == number
            if not (is_first and slug in known and self._is_untouched(known[slug], headers, row)):
                self._numbers.append(number)
                dataset.append(row)
        self._untouched = len(rows) - len(self._numbers)

    def _is_untouched(self, entry: Any, headers: list[str], row: Iterable[str]) -> bool:
        now = dict(zip(self.columns, self.cells(entry), strict=True))
        return all(now[name] == cell for name, cell in zip(headers, row, strict=True))

    def before_import_row(self, row: Any, **options: Any) -> None:
        first = self._first[str(row[self.fields["slug"].column_name])]
        if first != self._numbers[options["row_number"] - 1]:
            raise ValidationError({self.fields["slug"].column_name: f"row {first} has it, too"})

    def init_instance(self, row: Any = None) -> Any:
        if not self.adds:
            raise ValidationError({"slug": "the catalog has no such entry, and this table adds none"})
        entry = super().init_instance(row)
        if self.kind:
            entry.owned = belongings.nothing(self.kind)
        return entry

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """All that is wrong with a row, by the columns of the table."""
        try:
            super().validate_instance(instance, import_validation_errors, validate_unique)
            self.check(instance)
        except ValidationError as error:
            raise ValidationError(self._by_column(error)) from None

    def check(self, instance: Any) -> None:
        """What else must hold: ``ValidationError`` by field."""

    def _by_column(self, error: ValidationError) -> dict[str, list[str]]:
        names = {field.attribute: name for name, field in self.columns.items()}
        told: Mapping[str, list[str]] = (
            error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        )
        return {names.get(field, field): list(texts) for field, texts in told.items()}

    def save_instance(self, instance: Any, is_create: bool, row: Any, **options: Any) -> None:
        if not is_create:
            history.remember(self._meta.model, [instance.pk])
        self.before_save_instance(instance, row, **options)
        instance.skip_history_when_saving = True
        instance.save(force_insert=is_create)
        if self.kind:
            belongings.write(self.kind, {instance.pk: instance.owned})
        self._saved.append(instance.pk)

    def after_import(self, dataset: Any, result: Any, **options: Any) -> None:
        """What was written is kept by later loads, and stands in the history with who imported it."""
        result.totals[RowResult.IMPORT_TYPE_SKIP] += self._untouched
        for row in (*result.invalid_rows, *result.error_rows):
            row.number = self._numbers[row.number - 1]
        model = self._meta.model
        if options.get("dry_run") or not self._saved:
            return
        editing.mark_edited(model, self._saved)
        reason = f"import of {options.get('file_name') or 'a table'}"
        history.record(model, self._saved, user=options.get("user"), reason=reason)


class Changes:
    """What a row changes, column by column."""

    def __init__(self, table: Table, entry: Any, new: bool) -> None:
        self.new = new
        self.before = {} if new else self._cells(table, entry)
        self.after: dict[str, str] = {}

    def compare_with(self, table: Table, entry: Any) -> None:
        """Take the cells after the row was read."""
        self.after = self._cells(table, entry)

    def as_html(self) -> list[Difference]:
        """The differences; it is the page that makes markup of them."""
        return [
            Difference(name, label_of(name), _short(self.before.get(name, "")), _short(cell))
            for name, cell in self.after.items()
            if cell != self.before.get(name, "")
        ]

    def _cells(self, table: Table, entry: Any) -> dict[str, str]:
        return dict(zip(table.columns, table.cells(entry), strict=True))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def columns(
    cells: Mapping[str, Cell], named: Mapping[str, str], owned: Collection[str] = ()
) -> dict[str, Field]:
    """The columns of a table: cells by field, names where they are not the field's own, and what belongs to entries."""
    return {
        field: (Owned if field in owned else Field)(
            attribute=field, column_name=named.get(field, field), widget=cell
        )
        for field, cell in cells.items()
    }
