// The next times of a schedule that is being typed and that no server knows yet: intervals and cron expressions by Temporal's rules.
import { parseTypedDuration } from './duration';
import { instantIn, partsOf, type Zone } from './time';

type Field = { min: number; max: number; names?: string[] };

const SECOND: Field = { min: 0, max: 59 };
const MINUTE: Field = { min: 0, max: 59 };
const HOUR: Field = { min: 0, max: 23 };
const DAY: Field = { min: 1, max: 31 };
const MONTH: Field = { min: 1, max: 12, names: ['', 'JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] };
const WEEKDAY: Field = { min: 0, max: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] };
const YEAR: Field = { min: 1970, max: 2999 };

const SHORTHANDS: Record<string, string> = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0', '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
};

function valueOf(text: string, { names }: Field): number {
  const named = names?.indexOf(text.toUpperCase().slice(0, 3)) ?? -1;
  if (named >= 0 && /^[a-z]/i.test(text)) return named;
  if (!/^\d+$/.test(text)) throw new Error(`“${text}” is no field of a cron expression.`);
  return Number(text);
}

function fieldOf(text: string, field: Field): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', stepText] = part.split('/');
    const step = stepText === undefined ? 1 : Number(stepText);
    if (!Number.isInteger(step) || step < 1) throw new Error(`“${part}” has no step.`);
    const [fromText, toText] = range.split('-');
    const everything = range === '*' || range === '?';
    const from = everything ? field.min : valueOf(fromText!, field);
    const to = everything ? (field === WEEKDAY ? 6 : field.max) : toText !== undefined ? valueOf(toText, field) : stepText === undefined ? from : field === WEEKDAY ? 6 : field.max;
    if (from < field.min || to > field.max || from > to) throw new Error(`“${part}” is not within ${field.min}–${field.max}.`);
    for (let value = from; value <= to; value += step) values.add(field === WEEKDAY ? value % 7 : value);
  }
  return values;
}

interface Cron {
  seconds: number[];
  minutes: number[];
  hours: number[];
  days: Set<number>;
  months: Set<number>;
  weekdays: Set<number>;
  years: Set<number> | undefined;
  zone: Zone | undefined;
  every: number | undefined;
}

/** Five to seven fields, as Temporal's server reads them; throws what is wrong. */
export function parseCron(line: string): Cron {
  let text = line.replace(/#.*$/, '').trim();
  const zone = /^(?:CRON_)?TZ=(\S+)\s+/.exec(text);
  if (zone) text = text.slice(zone[0].length);
  const every = /^@every\s+(\S+)$/.exec(text);
  const empty = { seconds: [], minutes: [], hours: [], days: new Set<number>(), months: new Set<number>(), weekdays: new Set<number>(), years: undefined, zone: zone?.[1] };
  if (every) {
    const length = parseTypedDuration(every[1]!.split('/')[0]!);
    if (!length || length < 1000) throw new Error(`“${every[1]}” is no time between runs.`);
    return { ...empty, every: length };
  }
  const fields = (SHORTHANDS[text.toLowerCase()] ?? text).split(/\s+/);
  if (fields.length < 5 || fields.length > 7) throw new Error('A cron expression has five fields: minute, hour, day of month, month, day of week.');
  const [second, minute, hour, day, month, weekday, year] = fields.length === 7 ? fields : ['0', ...fields];
  const sorted = (set: Set<number>) => [...set].sort((a, b) => a - b);
  return {
    seconds: sorted(fieldOf(second!, SECOND)),
    minutes: sorted(fieldOf(minute!, MINUTE)),
    hours: sorted(fieldOf(hour!, HOUR)),
    days: fieldOf(day!, DAY),
    months: fieldOf(month!, MONTH),
    weekdays: fieldOf(weekday!, WEEKDAY),
    years: year === undefined || year === '*' ? undefined : fieldOf(year, YEAR),
    zone: zone?.[1],
    every: undefined,
  };
}

const DAY_MS = 86_400_000;
const DAYS_SEARCHED = 366 * 5;

/** The next times of one cron expression after `from`. */
export function cronTimes(line: string, zone: Zone, from: Date, count: number): Date[] {
  const cron = parseCron(line);
  if (cron.every !== undefined) return intervalTimes(cron.every, 0, from, count);
  const inZone = cron.zone ?? zone;
  const found: Date[] = [];
  const today = partsOf(from, inZone)?.date;
  if (today === undefined) return [];
  const first = Date.parse(`${today}T00:00:00Z`);
  for (let step = 0; step < DAYS_SEARCHED && found.length < count; step += 1) {
    const day = new Date(first + step * DAY_MS);
    if (!cron.months.has(day.getUTCMonth() + 1) || !cron.days.has(day.getUTCDate()) || !cron.weekdays.has(day.getUTCDay())) continue;
    if (cron.years && !cron.years.has(day.getUTCFullYear())) continue;
    const date = day.toISOString().slice(0, 10);
    for (const hour of cron.hours) for (const minute of cron.minutes) for (const second of cron.seconds) {
      if (found.length >= count) return found;
      const time = [hour, minute, second].map((value) => String(value).padStart(2, '0')).join(':');
      const instant = instantIn(inZone, `${date}T${time}`);
      // A time that the clocks jump over is none.
      if (!instant || instant <= from || partsOf(instant, inZone)?.time !== time) continue;
      found.push(instant);
    }
  }
  return found;
}

/** Intervals stand on the epoch, moved by the offset. */
export function intervalTimes(every: number, offset: number, from: Date, count: number): Date[] {
  const first = Math.floor((from.getTime() - offset) / every) * every + every + offset;
  return Array.from({ length: count }, (_, index) => new Date(first + index * every));
}

/** The next times of all expressions together. */
export function nextTimes(crons: string[], zone: Zone, from: Date, count: number): Date[] {
  const all = crons.flatMap((line) => cronTimes(line, zone, from, count)).map((time) => time.getTime());
  return [...new Set(all)].sort((a, b) => a - b).slice(0, count).map((time) => new Date(time));
}
