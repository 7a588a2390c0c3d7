// What klamm decided about each time of the schedule.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { ApiError } from '../../api/client';
import * as klamm from '../../api/klamm';
import { Badge, Failed, Loading, Section, Time, classes } from '../../components/basics';
import { Choice } from '../../components/dialogs';
import { type Column, Grid } from '../../components/grid';
import { RunLink } from '../../components/links';
import { calendarOf, type CalendarRow, meaning, type Span, SPANS, type Tone, weightiest } from '../../lib/audit';
import { humanDuration } from '../../lib/duration';
import { useSettings } from '../../lib/settings';
import { fullTime } from '../../lib/time';
import { plural } from '../../lib/words';

const FILL: Record<Tone, string> = {
  green: 'bg-green',
  red: 'bg-red',
  amber: 'bg-amber',
  violet: 'bg-violet',
  blue: 'bg-blue',
  grey: 'bg-line-strong',
};

export function Audit({ ns, id }: { ns: string; id: string }) {
  const { zone } = useSettings();
  const [span, setSpan] = useState<Span>('day');
  const [chosen, setChosen] = useState<string>();
  const audit = useQuery({
    queryKey: ['audit', ns, id, span],
    queryFn: async ({ signal }) => {
      const to = Date.now();
      const from = to - SPANS[span].length;
      const found = await klamm.audit(ns, id, new Date(from).toISOString(), new Date(to).toISOString(), signal);
      return { ...found, from, to };
    },
    refetchInterval: 5000,
    retry: false,
    placeholderData: (before) => before,
  });
  const rows = useMemo(() => (audit.data ? calendarOf(audit.data.entries, span, audit.data.from, audit.data.to, zone) : []), [audit.data, span, zone]);
  if (audit.error instanceof ApiError && audit.error.isUnimplemented && !audit.data) return null;
  const shown = chosen === undefined ? (audit.data?.entries ?? []) : (rows.flatMap((row) => row.cells).find((cell) => cell.key === chosen)?.entries ?? []);
  const entries = [...shown].reverse();
  return (
    <Section
      title="What fired, what did not, and why"
      actions={
        <div className="w-36">
          <Choice
            hidden
            label="Which time"
            value={span}
            onChange={(next) => {
              setSpan(next as Span);
              setChosen(undefined);
            }}
            options={Object.entries(SPANS).map(([key, { text }]) => ({ id: key, text }))}
          />
        </div>
      }
    >
      {audit.error && !audit.data ? (
        <div className="p-3">
          <Failed error={audit.error} what="The audit" retry={() => void audit.refetch()} />
        </div>
      ) : !audit.data ? (
        <Loading />
      ) : (
        <div className="grid gap-x-4 p-3 xl:grid-cols-[auto_1fr]">
          <div>
            <Legend entries={audit.data.entries} />
            <div className="overflow-x-auto pb-1">
              <Calendar rows={rows} span={span} chosen={chosen} onChoose={setChosen} />
            </div>
          </div>
          <div className="min-w-0 max-xl:mt-3">
            <p className="flex items-center gap-2 pb-1 text-xs text-ink-2">
              {chosen === undefined ? `All of the ${SPANS[span].text.toLowerCase()}` : `${chosen.slice(0, 10)}, one cell`}: {plural(entries.length, 'time')}
              {chosen !== undefined && (
                <button type="button" className="link" onClick={() => setChosen(undefined)}>
                  Show all
                </button>
              )}
            </p>
            <Grid
              label="Decisions"
              className="max-h-96"
              rows={entries}
              rowKey={(entry) => `${entry.nominal} ${entry.runId ?? ''} ${entry.decided ?? ''} ${entry.manual}`}
              columns={columnsOf(ns)}
              empty={<p className="px-3 py-4 text-ink-3">The schedule named no time then.</p>}
            />
          </div>
        </div>
      )}
    </Section>
  );
}

function Legend({ entries }: { entries: klamm.AuditEntry[] }) {
  const counts = new Map<string, number>();
  for (const { decision } of entries) counts.set(decision, (counts.get(decision) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => meaning(b).weight - meaning(a).weight);
  return (
    <ul className="flex max-w-sm flex-wrap gap-x-4 gap-y-1 pb-2">
      {sorted.map(([decision, count]) => (
        <li key={decision} className="inline-flex items-center gap-1.5 text-xs">
          <span aria-hidden="true" className={classes('size-2.5 rounded-sm', FILL[meaning(decision).tone])} />
          {meaning(decision).text} <span className="font-semibold">{count.toLocaleString('en')}</span>
        </li>
      ))}
      {sorted.length === 0 && <li className="text-xs text-ink-3">No time was named.</li>}
    </ul>
  );
}

function Calendar({ rows, span, chosen, onChoose }: { rows: CalendarRow[]; span: Span; chosen: string | undefined; onChoose: (key: string | undefined) => void }) {
  const { columns } = SPANS[span];
  const heads = Array.from({ length: columns }, (_, index) => (span === 'hour' ? `:${index}` : span === 'day' ? `${index < 12 ? '' : '+1'}:${String((index % 12) * 5).padStart(2, '0')}` : String(index)));
  const every = span === 'hour' ? 5 : 6;
  return (
    <table aria-label="Calendar" className="border-separate border-spacing-1 text-2xs text-ink-3">
      <thead>
        <tr>
          <td />
          {heads.map((head, index) => (
            <th key={head} scope="col" className="w-5 text-left font-normal">
              {index % every === 0 ? <span className="block w-0 whitespace-nowrap">{head}</span> : <span className="sr-only">{head}</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key}>
            <th scope="row" className="pr-1.5 text-right font-normal whitespace-nowrap">
              {row.label}
            </th>
            {row.cells.map((cell) => {
              const worst = weightiest(cell.entries);
              if (!worst) return <td key={cell.key} className="size-5 rounded-sm bg-sunken" />;
              const label = `${row.key.slice(0, 10)} ${row.label}: ${plural(cell.entries.length, 'time')}, ${worst.text.toLowerCase()}`;
              return (
                <td key={cell.key} className="p-0">
                  <button
                    type="button"
                    title={label}
                    aria-label={label}
                    aria-pressed={chosen === cell.key}
                    onClick={() => onChoose(chosen === cell.key ? undefined : cell.key)}
                    className={classes('block size-5 rounded-sm', FILL[worst.tone], chosen === cell.key ? 'ring-2 ring-ink' : 'opacity-80 hover:opacity-100')}
                  />
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function columnsOf(ns: string): Column<klamm.AuditEntry>[] {
  return [
    { id: 'nominal', header: 'Time', width: '11rem', cell: (entry) => <Nominal entry={entry} /> },
    {
      id: 'decision',
      header: 'Decision',
      width: '9.5rem',
      cell: (entry) => (
        <span className="inline-flex items-center gap-1.5">
          <Badge tone={meaning(entry.decision).tone}>{meaning(entry.decision).text}</Badge>
          {entry.manual && <span className="text-xs text-ink-3">by hand</span>}
        </span>
      ),
    },
    { id: 'late', header: 'Late', width: '4.5rem', align: 'right', cell: ({ lateMs }) => (lateMs === null || lateMs === undefined ? '' : humanDuration(lateMs)) },
    {
      id: 'what',
      header: 'Run, or why not',
      width: 'minmax(9rem, 1fr)',
      cell: (entry) =>
        entry.decision === 'fired' && entry.workflowId ? (
          <RunLink ns={ns} id={entry.workflowId} run={entry.runId} />
        ) : (
          <span className="text-ink-2" title={entry.reason}>
            {entry.reason || (entry.workflowId ? `in the way: ${entry.workflowId}` : '')}
          </span>
        ),
    },
  ];
}

function Nominal({ entry }: { entry: klamm.AuditEntry }) {
  const { zone } = useSettings();
  return (
    <span title={entry.decided ? `decided ${fullTime(entry.decided, zone)}` : undefined}>
      <Time value={entry.nominal} />
    </span>
  );
}
