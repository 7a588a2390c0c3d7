// Creating a schedule and changing one, with the times that it would have.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import type { Schedule } from '../api/messages';
import * as temporal from '../api/temporal';
import { Button, buttonClass, classes, Failed, Loading, PageHeader, Section, Tick } from '../components/basics';
import { Choice, Field } from '../components/dialogs';
import { Up } from '../components/links';
import { OVERLAPS, specTexts } from '../lib/schedule';
import { type Form, formOf, NEW, scheduleOf } from '../lib/schedule-form';
import { useSettings } from '../lib/settings';
import { zoneName } from '../lib/time';
import { Preview } from './schedule/preview';
import { InputField } from './workflows/start-dialog';

const createRoute = getRouteApi('/namespaces/$ns/schedules/create');
const editRoute = getRouteApi('/namespaces/$ns/schedules/$id/edit');

export function CreateSchedulePage() {
  const { ns } = createRoute.useParams();
  const { zone } = useSettings();
  return <Editor ns={ns} initial={{ ...NEW, zone: zoneName(zone) }} save={(form) => temporal.createSchedule(ns, form.id, scheduleOf(form, undefined, zone))} />;
}

export function EditSchedulePage() {
  const { ns, id } = editRoute.useParams();
  const { zone } = useSettings();
  const described = useQuery({ queryKey: ['schedule-to-edit', ns, id], queryFn: ({ signal }) => temporal.describeSchedule(ns, id, signal), staleTime: Infinity, gcTime: 0, refetchOnWindowFocus: false });
  if (described.error) return <div className="pt-6"><Failed error={described.error} what={`Schedule ${id}`} retry={() => void described.refetch()} /></div>;
  const schedule = described.data?.schedule;
  if (!schedule) return <Loading rows={10} />;
  return (
    <Editor
      ns={ns}
      before={schedule}
      initial={formOf(id, schedule, zone)}
      save={(form) => temporal.updateSchedule(ns, id, scheduleOf(form, schedule, zone), described.data?.conflictToken)}
    />
  );
}

interface Props {
  ns: string;
  initial: Form;
  before?: Schedule;
  save: (form: Form) => Promise<unknown>;
}

function Editor({ ns, initial, before, save }: Props) {
  const { zone } = useSettings();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [form, setForm] = useState(initial);
  const set = (part: Partial<Form>) => setForm((old) => ({ ...old, ...part }));
  const saved = useMutation({
    mutationFn: async () => save(form),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['schedule', ns, form.id] });
      await navigate({ to: '/namespaces/$ns/schedules/$id', params: { ns, id: form.id } });
    },
  });
  const zones = useMemo(() => {
    const every = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
    return [...new Set(['UTC', form.zone, ...every])].map((id) => ({ id, text: id }));
  }, [form.zone]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saved.mutate();
      }}
    >
      <Up>
        <Link to="/namespaces/$ns/schedules" params={{ ns }}>
          Schedules
        </Link>
      </Up>
      <PageHeader title={before ? `Edit ${form.id}` : 'Create a schedule'} />
      <div className="grid items-start gap-3 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="min-w-0 space-y-3">
          <Section title="When">
            <div className="space-y-3 p-3">
              {!before && <Field label="Schedule id" value={form.id} onChange={(id) => set({ id })} isRequired autoFocus placeholder="nightly-report" />}
              <Kinds form={form} canKeep={initial.kind === 'keep'} onChange={(kind) => set({ kind })} />
              {form.kind === 'interval' ? (
                <Two>
                  <Field label="Every" value={form.every} onChange={(every) => set({ every })} isRequired hint="90s, 15m, 1h30m, 2d" />
                  <Field label="Offset" value={form.offset} onChange={(offset) => set({ offset })} placeholder="none" hint="Times stand on whole intervals since 1970 in UTC; this much later." />
                </Two>
              ) : form.kind === 'cron' ? (
                <>
                  <Field label="Cron expressions, one per line" value={form.cron} onChange={(cron) => set({ cron })} lines={3} mono isRequired />
                  <CronHelp />
                </>
              ) : (
                <ul className="list-inside list-disc text-ink-2">
                  {specTexts(before?.spec).map((text) => (
                    <li key={text}>{text}</li>
                  ))}
                </ul>
              )}
              <Two>
                <Choice label="Time zone of the schedule" value={form.zone} onChange={(id) => set({ zone: id })} options={zones} />
                <Field label="Jitter" value={form.jitter} onChange={(jitter) => set({ jitter })} placeholder="none" hint="Each run starts up to this much later, by chance." />
                <Field label={`Not before, ${zoneName(zone)}`} type="datetime-local" value={form.startTime} onChange={(startTime) => set({ startTime })} />
                <Field label={`Not after, ${zoneName(zone)}`} type="datetime-local" value={form.endTime} onChange={(endTime) => set({ endTime })} />
              </Two>
            </div>
          </Section>
          <Section title="What it starts">
            <div className="space-y-3 p-3">
              <Two>
                <Field label="Workflow type" value={form.workflowType} onChange={(workflowType) => set({ workflowType })} isRequired />
                <Field label="Task queue" value={form.taskQueue} onChange={(taskQueue) => set({ taskQueue })} isRequired />
              </Two>
              <Field label="Workflow id" value={form.workflowId} onChange={(workflowId) => set({ workflowId })} placeholder={form.id} hint="The time of each run is added to it." />
              <InputField value={form.input} onChange={(input) => set({ input })} />
            </div>
          </Section>
          <Section title="What else">
            <div className="space-y-3 p-3">
              <Two>
                <Choice label="When runs overlap" value={form.overlap} onChange={(overlap) => set({ overlap })} options={OVERLAPS} />
                <Field label="Catch-up window" value={form.catchup} onChange={(catchup) => set({ catchup })} placeholder="1 year" hint="Times that passed while the server was away are caught up with for so long." />
              </Two>
              <Tick isSelected={form.pauseOnFailure} onChange={(pauseOnFailure) => set({ pauseOnFailure })}>
                Pause after a run that failed or timed out
              </Tick>
              <Tick isSelected={form.paused} onChange={(paused) => set({ paused })}>
                Paused
              </Tick>
              <Field label="Note" value={form.note} onChange={(note) => set({ note })} />
            </div>
          </Section>
        </div>
        <div className="space-y-3 lg:sticky lg:top-4">
          <Preview ns={ns} form={form} before={before} />
          {saved.error && (
            <p role="alert" className="rounded-md bg-red-soft px-3 py-2 text-red">
              {saved.error.message}
            </p>
          )}
          <div className="flex gap-2">
            <Button kind="primary" type="submit" isDisabled={saved.isPending}>
              {saved.isPending ? 'Saving…' : before ? 'Save' : 'Create'}
            </Button>
            {before ? (
              <Link to="/namespaces/$ns/schedules/$id" params={{ ns, id: form.id }} className={buttonClass()}>
                Discard
              </Link>
            ) : (
              <Link to="/namespaces/$ns/schedules" params={{ ns }} className={buttonClass()}>
                Discard
              </Link>
            )}
          </div>
        </div>
      </div>
    </form>
  );
}

const Two = ({ children }: { children: ReactNode }) => <div className="grid gap-3 sm:grid-cols-2">{children}</div>;

function Kinds({ form, canKeep, onChange }: { form: Form; canKeep: boolean; onChange: (kind: Form['kind']) => void }) {
  const kinds: [Form['kind'], string][] = [...(canKeep ? [['keep', 'As it is'] as [Form['kind'], string]] : []), ['interval', 'Interval'], ['cron', 'Cron']];
  return (
    <div role="group" aria-label="How the times are named" className="flex w-fit rounded-md border border-line p-0.5">
      {kinds.map(([kind, text]) => (
        <button
          key={kind}
          type="button"
          aria-pressed={form.kind === kind}
          onClick={() => onChange(kind)}
          className={classes('h-6 rounded px-3 text-xs font-medium', form.kind === kind ? 'bg-accent-soft text-accent' : 'text-ink-2 hover:text-ink')}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

const CRONS: [string, string][] = [
  ['0 9 * * MON-FRI', 'at 09:00 from Monday to Friday'],
  ['*/15 * * * *', 'every quarter of an hour'],
  ['30 2 1 * *', 'at 02:30 on the first of each month'],
  ['0 0 * JAN,JUL SUN', 'at midnight on Sundays of January and July'],
  ['@hourly', 'at each full hour; also @daily, @weekly, @monthly, @yearly'],
];

function CronHelp() {
  return (
    <details className="text-xs text-ink-2">
      <summary className="w-fit cursor-pointer hover:text-ink">How cron expressions are written</summary>
      <p className="mt-1">Minute, hour, day of month, month, day of week. With seven fields, seconds come first and the year last. All of them must fit.</p>
      <dl className="mt-1 grid grid-cols-[auto_1fr] gap-x-4 gap-y-0.5">
        {CRONS.map(([cron, text]) => (
          <div key={cron} className="contents">
            <dt className="font-mono">{cron}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
