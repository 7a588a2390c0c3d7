// A table of many rows, of which only those in sight are in the page. Rows are as high as each other.
import { type ColumnDef, getCoreRowModel, getSortedRowModel, type SortingState, useReactTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { classes } from './basics';
import { Icon } from './icons';

export interface Column<Row> {
  id: string;
  header: string;
  /** What stands at the top instead of the header's words. */
  head?: ReactNode;
  /** A track of CSS grid: `minmax(8rem, 2fr)`. */
  width: string;
  cell: (row: Row) => ReactNode;
  align?: 'right';
  /** What rows are sorted by, in tables that have all their rows. */
  sort?: (row: Row) => string | number;
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  /** How many there are in all, loaded or not. */
  total?: number | undefined;
  rowKey: (row: Row) => string;
  rowHeight?: number;
  /** Called when the last loaded row comes into sight. */
  onEnd?: (() => void) | undefined;
  empty: ReactNode;
  /** Where the rows scroll: `max-h-…`, or the rest of the window. */
  className?: string;
}

const NO_ROWS: never[] = [];

export function Grid<Row>({ label, columns, rows: given, total, rowKey, rowHeight = 34, onEnd, empty, className }: Props<Row>) {
  const [sorting, setSorting] = useState<SortingState>([]);
  const definitions = useMemo(
    () =>
      columns.map(
        ({ id, sort }): ColumnDef<Row> => (sort ? { id, accessorFn: sort, sortDescFirst: false } : { id, enableSorting: false }),
      ),
    [columns],
  );
  // Long lists are not sorted here, so the table need not make an object for each of their rows.
  const isSorted = useMemo(() => columns.some(({ sort }) => sort !== undefined), [columns]);
  const table = useReactTable<Row>({
    data: isSorted ? given : NO_ROWS,
    columns: definitions,
    state: { sorting },
    onSortingChange: setSorting,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const sorted = table.getRowModel().rows;
  const rows = useMemo(() => (isSorted ? sorted.map(({ original }) => original) : given), [isSorted, sorted, given]);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 12 });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onEnd && rows.length > 0 && last >= rows.length - 20) onEnd();
  }, [last, rows.length, onEnd]);
  const template = columns.map((column) => column.width).join(' ');
  // Up and down go from row to row, as in a list; Tab goes through the links of a row.
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === 'ArrowDown' || event.key === 'j' ? 1 : event.key === 'ArrowUp' || event.key === 'k' ? -1 : 0;
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    if (step === 0 || !row || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    const next = Math.min(rows.length - 1, Math.max(0, Number(row.dataset.index) + step));
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${next}"] a`)?.focus());
  };
  return (
    <div ref={box} onKeyDown={onKeyDown} className={classes('card overflow-auto', className)} tabIndex={rows.length === 0 ? 0 : undefined}>
      <div role="table" aria-label={label} aria-rowcount={(total ?? rows.length) + 1} className="min-w-fit">
        <div role="rowgroup" className="sticky top-0 z-10 border-b border-line bg-surface">
          <div role="row" aria-rowindex={1} className="grid h-8 items-center gap-x-4 px-3" style={{ gridTemplateColumns: template }}>
            {columns.map((column) => (
              <Header key={column.id} column={column} sorted={table.getColumn(column.id)?.getIsSorted() || undefined} onSort={() => table.getColumn(column.id)?.toggleSorting()} />
            ))}
          </div>
        </div>
        <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
          {shown.map(({ index, start }) => {
            const row = rows[index]!;
            return <Line key={rowKey(row)} row={row} index={index} start={start} columns={columns} template={template} height={rowHeight} />;
          })}
        </div>
      </div>
      {rows.length === 0 && empty}
    </div>
  );
}

interface LineProps<Row> {
  row: Row;
  index: number;
  start: number;
  columns: Column<Row>[];
  template: string;
  height: number;
}

/** A row is made once and not again while others scroll into sight. */
const Line = memo(function Line<Row>({ row, index, start, columns, template, height }: LineProps<Row>) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      className="absolute inset-x-0 grid items-center gap-x-4 border-b border-line/60 px-3 hover:bg-hover"
      style={{ gridTemplateColumns: template, height, transform: `translateY(${start}px)` }}
    >
      {columns.map((column) => (
        <div key={column.id} role="cell" className={classes('min-w-0 truncate', column.align && 'tabular text-right')}>
          {column.cell(row)}
        </div>
      ))}
    </div>
  );
}) as <Row>(props: LineProps<Row>) => ReactNode;

function Header<Row>({ column, sorted, onSort }: { column: Column<Row>; sorted: 'asc' | 'desc' | undefined; onSort: () => void }) {
  const className = classes('eyebrow truncate', column.align && 'text-right');
  if (!column.sort)
    return (
      <div role="columnheader" className={className}>
        {column.head ?? (column.header || <span className="sr-only">More</span>)}
      </div>
    );
  return (
    <div role="columnheader" aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'} className={className}>
      <button type="button" onClick={onSort} className="inline-flex items-center gap-0.5 hover:text-ink">
        {column.header}
        <span className={classes(!sorted && 'opacity-0', sorted === 'asc' && 'rotate-180')}>
          <Icon name="down" size={12} />
        </span>
      </button>
    </div>
  );
}
