// Instants as text, in the zone that was chosen.

/** `local`, `UTC`, or a name of the IANA database. */
export type Zone = string;

export const zoneName = (zone: Zone): string => (zone === 'local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone);

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: Zone): Intl.DateTimeFormat {
  let made = formats.get(zone);
  if (!made) {
    const options: Intl.DateTimeFormatOptions = {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      fractionalSecondDigits: 3,
      hourCycle: 'h23',
    };
    // Without a zone it is the browser's own.
    made = new Intl.DateTimeFormat('en-GB', zone === 'local' ? options : { ...options, timeZone: zone });
    formats.set(zone, made);
  }
  return made;
}

export interface Parts {
  /** `2026-11-30` */
  date: string;
  /** `06:35:12` */
  time: string;
  /** `123` */
  milliseconds: string;
}

export function partsOf(instant: Date, zone: Zone): Parts | undefined {
  if (Number.isNaN(instant.getTime())) return undefined;
  const found: Record<string, string> = {};
  for (const part of format(zone).formatToParts(instant)) found[part.type] = part.value;
  return {
    date: `${found.year}-${found.month}-${found.day}`,
    time: `${found.hour}:${found.minute}:${found.second}`,
    milliseconds: found.fractionalSecond ?? '000',
  };
}

/** `2026-11-30 06:35:12.123` */
export function fullTime(text: string, zone: Zone): string {
  const parts = partsOf(new Date(text), zone);
  return parts ? `${parts.date} ${parts.time}.${parts.milliseconds}` : text;
}

/** `2026-11-30 06:35:12`; the day is left out where it is today's. */
export function shortTime(text: string, zone: Zone, now: Date): string {
  const parts = partsOf(new Date(text), zone);
  if (!parts) return text;
  return parts.date === partsOf(now, zone)?.date ? parts.time : `${parts.date} ${parts.time}`;
}

/** `in 3 min`, `12 s ago`, `yesterday`. */
export function relativeTime(text: string, now: number): string {
  const distance = new Date(text).getTime() - now;
  if (Number.isNaN(distance)) return text;
  const size = Math.abs(distance);
  if (size < 1000) return 'now';
  const [value, unit] =
    size < 60_000 ? [size / 1000, 's'] : size < 3_600_000 ? [size / 60_000, 'min'] : size < 86_400_000 ? [size / 3_600_000, 'h'] : [size / 86_400_000, 'd'];
  const rounded = Math.floor(value);
  return distance > 0 ? `in ${rounded} ${unit}` : `${rounded} ${unit} ago`;
}

/** The value of an `<input type="datetime-local">`, which is in no zone, as an instant of `zone`. */
export function instantIn(zone: Zone, typed: string): Date | undefined {
  const asUtc = new Date(`${typed}Z`).getTime();
  if (Number.isNaN(asUtc)) return undefined;
  // The offset at the guess; a second round settles the hours beside a change of the clocks.
  let guess = asUtc;
  for (let round = 0; round < 2; round += 1) {
    const parts = partsOf(new Date(guess), zone);
    if (!parts) return undefined;
    guess += asUtc - new Date(`${parts.date}T${parts.time}Z`).getTime();
  }
  return new Date(guess);
}

/** An instant as an `<input type="datetime-local">` takes it. */
export function typedIn(zone: Zone, instant: Date): string {
  const parts = partsOf(instant, zone);
  return parts ? `${parts.date}T${parts.time}` : '';
}
