// A schedule's audit as a calendar: cells of a grid, each with the decisions about the times in it.
import type { AuditEntry } from '../api/klamm';
import { partsOf, type Zone } from './time';

export type Span = 'hour' | 'day' | 'week' | 'month';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const SPANS: Record<Span, { text: string; length: number; row: number; columns: number }> = {
  hour: { text: 'Last hour', length: HOUR, row: 10 * MINUTE, columns: 10 },
  day: { text: 'Last day', length: DAY, row: 2 * HOUR, columns: 24 },
  week: { text: 'Last week', length: 7 * DAY, row: DAY, columns: 24 },
  month: { text: 'Last 30 days', length: 30 * DAY, row: DAY, columns: 24 },
};

export type Tone = 'green' | 'red' | 'amber' | 'violet' | 'grey' | 'blue';

interface Meaning {
  text: string;
  tone: Tone;
  /** Which of several is shown: the higher. */
  weight: number;
}

const MEANINGS: Record<string, Meaning> = {
  fired: { text: 'Fired', tone: 'green', weight: 1 },
  future: { text: 'To come', tone: 'grey', weight: 0 },
  under_way: { text: 'Under way', tone: 'blue', weight: 2 },
  buffered: { text: 'Buffered', tone: 'blue', weight: 3 },
  paused: { text: 'Paused', tone: 'grey', weight: 4 },
  superseded: { text: 'Superseded', tone: 'grey', weight: 4 },
  dropped_by_update: { text: 'Dropped by a change', tone: 'grey', weight: 4 },
  dropped_by_delete: { text: 'Dropped by the deletion', tone: 'grey', weight: 4 },
  limit_reached: { text: 'Limit reached', tone: 'violet', weight: 5 },
  skipped_overlap: { text: 'Skipped: overlap', tone: 'amber', weight: 6 },
  buffer_full: { text: 'Buffer full', tone: 'amber', weight: 7 },
  missed_catchup_window: { text: 'Missed', tone: 'red', weight: 8 },
  search_given_up: { text: 'Search given up', tone: 'red', weight: 8 },
  start_rejected: { text: 'Start refused', tone: 'red', weight: 9 },
  missing: { text: 'No decision', tone: 'red', weight: 10 },
};

export const meaning = (decision: string): Meaning =>
  MEANINGS[decision] ?? { text: decision.charAt(0).toUpperCase() + decision.slice(1).replace(/_/g, ' '), tone: 'violet', weight: 5 };

export interface Cell {
  key: string;
  entries: AuditEntry[];
}

export interface CalendarRow {
  key: string;
  label: string;
  cells: Cell[];
}

/** Row and column of an instant, by the clock of the zone. */
function placeOf(instant: number, span: Span, zone: Zone): { row: string; label: string; column: number } {
  const parts = partsOf(new Date(instant), zone)!;
  const [hour, minute] = [parts.time.slice(0, 2), Number(parts.time.slice(3, 5))];
  if (span === 'hour') {
    const ten = `${hour}:${String(Math.floor(minute / 10) * 10).padStart(2, '0')}`;
    return { row: `${parts.date} ${ten}`, label: ten, column: minute % 10 };
  }
  if (span === 'day') {
    const even = String(Math.floor(Number(hour) / 2) * 2).padStart(2, '0');
    return { row: `${parts.date} ${even}`, label: `${even}:00`, column: (Number(hour) % 2) * 12 + Math.floor(minute / 5) };
  }
  return { row: parts.date, label: parts.date.slice(5), column: Number(hour) };
}

/** The grid from `from` to `to`, with all entries that are in it. */
export function calendarOf(entries: AuditEntry[], span: Span, from: number, to: number, zone: Zone): CalendarRow[] {
  const { row: step, columns } = SPANS[span];
  const rows = new Map<string, CalendarRow>();
  const ensure = (instant: number) => {
    const { row, label, column } = placeOf(instant, span, zone);
    let found = rows.get(row);
    if (!found) {
      found = { key: row, label, cells: Array.from({ length: columns }, (_, index) => ({ key: `${row} ${index}`, entries: [] })) };
      rows.set(row, found);
    }
    return { found, column };
  };
  for (let instant = from; instant < to; instant += step / 2) ensure(instant);
  ensure(to);
  for (const entry of entries) {
    const instant = Date.parse(entry.nominal);
    if (Number.isNaN(instant) || instant < from || instant > to) continue;
    const { found, column } = ensure(instant);
    found.cells[column]!.entries.push(entry);
  }
  return [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** What a cell shows of its entries: the weightiest. */
export const weightiest = (entries: AuditEntry[]): Meaning | undefined =>
  entries.map(({ decision }) => meaning(decision)).sort((a, b) => b.weight - a.weight)[0];
