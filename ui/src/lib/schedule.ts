// Schedules in words, and what people type into schedules.
import type { ScheduleSpec, StructuredCalendarSpec } from '../api/messages';
import { humanDuration, parseProtoDuration } from './duration';

type Range = { start?: number; end?: number; step?: number };

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['', 'Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const rangeText = (range: Range, name: (value: number) => string): string => {
  const start = range.start ?? 0;
  const end = Math.max(range.end ?? 0, start);
  const step = range.step && range.step > 1 ? `/${range.step}` : '';
  return `${name(start)}${end > start ? `–${name(end)}` : ''}${step}`;
};

const rangesText = (ranges: Range[] | undefined, name: (value: number) => string = String): string => (ranges ?? []).map((range) => rangeText(range, name)).join(', ');

const isAll = (ranges: Range[] | undefined, from: number, to: number) =>
  !ranges || ranges.length === 0 || (ranges.length === 1 && (ranges[0]!.start ?? 0) <= from && (ranges[0]!.end ?? 0) >= to && (ranges[0]!.step ?? 1) <= 1);

const single = (ranges: Range[] | undefined): number | undefined => {
  if (!ranges || ranges.length === 0) return 0;
  const [range] = ranges;
  return ranges.length === 1 && Math.max(range!.end ?? 0, range!.start ?? 0) === (range!.start ?? 0) ? (range!.start ?? 0) : undefined;
};

const two = (value: number) => String(value).padStart(2, '0');

export function calendarText(calendar: StructuredCalendarSpec): string {
  const [hour, minute, second] = [single(calendar.hour), single(calendar.minute), single(calendar.second)];
  const time =
    hour !== undefined && minute !== undefined && second !== undefined
      ? `at ${two(hour)}:${two(minute)}${second ? `:${two(second)}` : ''}`
      : [
          isAll(calendar.hour, 0, 23) ? 'every hour' : `hour ${rangesText(calendar.hour, two)}`,
          isAll(calendar.minute, 0, 59) ? 'every minute' : `minute ${rangesText(calendar.minute, two) || '00'}`,
          second === 0 ? '' : isAll(calendar.second, 0, 59) ? 'every second' : `second ${rangesText(calendar.second, two)}`,
        ]
          .filter(Boolean)
          .join(', ');
  const days = isAll(calendar.dayOfWeek, 0, 6) ? '' : rangesText(calendar.dayOfWeek, (day) => DAYS[day % 7] ?? String(day));
  const dates = isAll(calendar.dayOfMonth, 1, 31) ? '' : `day ${rangesText(calendar.dayOfMonth)}`;
  const months = isAll(calendar.month, 1, 12) ? '' : rangesText(calendar.month, (month) => MONTHS[month] ?? String(month));
  const years = !calendar.year || calendar.year.length === 0 ? '' : rangesText(calendar.year);
  const date = [days, dates, months && `in ${months}`, years && `of ${years}`].filter(Boolean).join(' ');
  return `${date || (time.startsWith('at') ? 'daily' : '')} ${time}`.trim();
}

/** Each part of the spec in words. */
export function specTexts(spec: ScheduleSpec | undefined): string[] {
  const intervals = (spec?.interval ?? []).map(({ interval, phase }) => {
    const offset = parseProtoDuration(phase);
    return `every ${humanDuration(parseProtoDuration(interval) ?? 0)}${offset ? `, ${humanDuration(offset)} later` : ''}`;
  });
  return [...intervals, ...(spec?.structuredCalendar ?? []).map(calendarText), ...(spec?.cronString ?? [])];
}

export const OVERLAPS: { id: string; text: string; hint: string }[] = [
  { id: 'SKIP', text: 'Skip', hint: 'While a run goes on, none is started.' },
  { id: 'BUFFER_ONE', text: 'Buffer one', hint: 'One is started when the run is over.' },
  { id: 'BUFFER_ALL', text: 'Buffer all', hint: 'All that were missed are started, one after another.' },
  { id: 'CANCEL_OTHER', text: 'Cancel the other', hint: 'The run is asked to cancel; then the next is started.' },
  { id: 'TERMINATE_OTHER', text: 'Terminate the other', hint: 'The run is terminated; the next is started at once.' },
  { id: 'ALLOW_ALL', text: 'Allow all', hint: 'Runs go on beside each other.' },
];

export const overlapId = (value: string | undefined): string => {
  const id = (value ?? '').replace('SCHEDULE_OVERLAP_POLICY_', '');
  return id === '' || id === 'UNSPECIFIED' ? 'SKIP' : id;
};
