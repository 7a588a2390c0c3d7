import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../api/klamm';
import { calendarOf, meaning, weightiest } from './audit';

const entry = (nominal: string, decision = 'fired'): AuditEntry => ({ nominal, decision, expected: true, manual: false, earlier: false, reason: '' });
const at = (text: string) => Date.parse(text);

describe('the calendar of the audit', () => {
  it('has a row for each day and a cell for each hour, by the clock of the zone', () => {
    const rows = calendarOf([entry('2026-11-30T23:30:00Z')], 'week', at('2026-11-25T00:00:00Z'), at('2026-12-01T12:00:00Z'), 'Asia/Tokyo');
    expect(rows.map(({ label }) => label)).toEqual(['11-25', '11-26', '11-27', '11-28', '11-29', '11-30', '12-01']);
    expect(rows.at(-1)!.cells[8]!.entries).toHaveLength(1);
  });

  it('has five minutes per cell for a day, two hours per row', () => {
    const rows = calendarOf([entry('2026-11-30T11:59:00Z')], 'day', at('2026-11-30T00:00:00Z'), at('2026-11-30T12:00:00Z'), 'UTC');
    expect(rows.find(({ label }) => label === '10:00')!.cells[23]!.entries).toHaveLength(1);
  });

  it('leaves out what is outside or is no time', () => {
    const rows = calendarOf([entry('2020-01-01T00:00:00Z'), entry('never')], 'hour', at('2026-11-30T10:00:00Z'), at('2026-11-30T11:00:00Z'), 'UTC');
    expect(rows.flatMap(({ cells }) => cells.flatMap(({ entries }) => entries))).toEqual([]);
  });

  it('shows the worst of a cell', () => {
    expect(weightiest([entry('x'), entry('x', 'missed_catchup_window'), entry('x', 'paused')])?.text).toBe('Missed');
    expect(weightiest([])).toBeUndefined();
    expect(meaning('something_new').text).toBe('Something new');
  });
});
