// A run's events: as things that went on, one by one, or as JSON; each with its place on the topic.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { Failure, HistoryEvent, Outcome as UpdateOutcome, Payload } from '../../api/messages';
import * as klamm from '../../api/klamm';
import type { Run } from '../../api/temporal';
import { Badge, Button, Copy, Section, Time, classes } from '../../components/basics';
import { FailureView } from '../../components/failure';
import { Icon } from '../../components/icons';
import { RunLink } from '../../components/links';
import { Code, JsonView, OneLine, PayloadList, PayloadView } from '../../components/payloads';
import { humanDuration } from '../../lib/duration';
import { attributesOf, type Group, idOf, timeOf } from '../../lib/history';
import { isResetPoint } from '../../lib/reset';
import { plainly } from '../../lib/payload';
import { useSettings } from '../../lib/settings';
import { eventName, fieldName, words } from '../../lib/words';

const route = getRouteApi('/namespaces/$ns/workflows/$id/$run/$tab');

interface Place {
  topic: string;
  partition: number;
  offset: number;
}

const VIEWS = [
  ['grouped', 'Grouped'],
  ['all', 'All'],
  ['json', 'JSON'],
] as const;

export function Events({ run, groups, events, isComplete }: { run: Run; groups: Group[]; events: HistoryEvent[]; isComplete: boolean }) {
  const { view = 'grouped', event: selected, find = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const { tasks } = useSettings();
  const places = usePlaces(run, events.length);
  const wanted = find.toLowerCase();
  const shownGroups = useMemo(
    () => groups.filter((group) => (tasks || group.kind !== 'task') && (wanted === '' || textOfGroup(group).includes(wanted))),
    [groups, tasks, wanted],
  );
  const shownEvents = useMemo(
    () => events.filter((event) => (tasks || !event.eventType?.startsWith('EVENT_TYPE_WORKFLOW_TASK_')) && (wanted === '' || JSON.stringify(event).toLowerCase().includes(wanted))),
    [events, tasks, wanted],
  );
  const change = (part: { view?: string; find?: string }) => void navigate({ search: (search) => ({ ...search, ...part }), replace: true, resetScroll: false });
  return (
    <Section
      title="Events"
      count={events.length}
      actions={
        <>
          {view !== 'json' && (
            <input
              type="search"
              aria-label="Find in the events"
              placeholder="Find"
              value={find}
              onChange={(change_) => change({ find: change_.target.value })}
              className="h-7 w-36 rounded-md border border-line bg-surface px-2 outline-none placeholder:text-ink-3 focus:border-accent"
            />
          )}
          <div role="group" aria-label="How the events are shown" className="flex rounded-md border border-line p-0.5">
            {VIEWS.map(([id, text]) => (
              <button
                key={id}
                type="button"
                aria-pressed={view === id}
                onClick={() => change({ view: id })}
                className={classes('h-6 rounded px-2 text-xs font-medium', view === id ? 'bg-accent-soft text-accent' : 'text-ink-2 hover:text-ink')}
              >
                {text}
              </button>
            ))}
          </div>
        </>
      }
    >
      {!isComplete && <p className="border-b border-line px-3 py-1 text-xs text-ink-3">More events are on their way…</p>}
      {view === 'json' ? (
        <Code json text={JSON.stringify({ events }, null, 2)} label="History as JSON" />
      ) : view === 'all' ? (
        <Rows
          keys={shownEvents.map((event) => String(idOf(event)))}
          selected={selected}
          row={(index) => {
            const event = shownEvents[index]!;
            const before = events[idOf(event) - 2];
            return { id: String(idOf(event)), head: <EventHead event={event} before={before} />, body: () => <EventBody event={event} place={places.get(idOf(event))} /> };
          }}
        />
      ) : (
        <Rows
          keys={shownGroups.map((group) => String(group.id))}
          selected={selected}
          row={(index) => {
            const group = shownGroups[index]!;
            return { id: String(group.id), head: <GroupHead group={group} />, body: () => <GroupBody group={group} places={places} /> };
          }}
        />
      )}
      {view !== 'json' && (view === 'all' ? shownEvents : shownGroups).length === 0 && <p className="px-3 py-4 text-ink-3">No event contains “{find}”.</p>}
    </Section>
  );
}

const textOfGroup = (group: Group) => `${group.label} ${group.detail} ${group.failure?.message ?? ''} ${group.kind}`.toLowerCase();

interface RowParts {
  id: string;
  head: ReactNode;
  body: () => ReactNode;
}

/** Rows that open, of which only those in sight are in the page. */
function Rows({ keys, selected, row }: { keys: string[]; selected: string | undefined; row: (index: number) => RowParts }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: keys.length, getScrollElement: () => box.current, estimateSize: () => 32, overscan: 8, getItemKey: (index) => keys[index]! });
  // Where the chosen one stands; it may be among those that are still on their way. It is gone to once, not again when others come.
  const place = selected === undefined ? -1 : keys.indexOf(selected);
  const isThere = place >= 0;
  useEffect(() => {
    if (selected === undefined || !isThere) return;
    setOpen((set) => new Set(set).add(selected));
    virtual.scrollToIndex(place, { align: 'start' });
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [selected, isThere]);
  const toggle = (id: string) =>
    setOpen((set) => {
      const next = new Set(set);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return (
    <div ref={box} className="max-h-[36rem] overflow-auto" tabIndex={keys.length === 0 ? 0 : undefined}>
      <ol className="relative min-w-fit" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, key }) => {
          const { id, head, body } = row(index);
          const isOpen = open.has(id);
          return (
            <li key={key} ref={virtual.measureElement} data-index={index} className="absolute inset-x-0 border-b border-line/60" style={{ transform: `translateY(${start}px)` }}>
              <button type="button" aria-expanded={isOpen} onClick={() => toggle(id)} className={classes('flex min-h-8 w-full items-center gap-3 px-3 text-left hover:bg-hover', isOpen && 'bg-hover')}>
                <span className={classes('text-ink-3 transition-transform', isOpen && 'rotate-90')}>
                  <Icon name="right" size={13} />
                </span>
                {head}
              </button>
              {isOpen && <div className="border-t border-line/60 bg-page">{body()}</div>}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

const TONE = { running: 'blue', completed: 'green', failed: 'red', timedOut: 'amber', canceled: 'grey', terminated: 'violet', paused: 'amber', note: 'grey' } as const;

function GroupHead({ group }: { group: Group }) {
  const length = group.end === undefined ? '' : group.end > group.start ? humanDuration(group.end - group.start) : '';
  return (
    <>
      <span className="w-10 shrink-0 text-right text-xs text-ink-3">{group.id}</span>
      <span className="w-20 shrink-0 truncate text-xs text-ink-3 max-md:hidden">{words(group.kind)}</span>
      <span className="max-w-64 shrink-0 truncate font-medium">{group.label}</span>
      {group.state !== 'note' && group.state !== 'completed' && group.state !== 'paused' && <Badge tone={TONE[group.state]}>{words(group.state.replace('timedOut', 'timed_out'))}</Badge>}
      {group.attempt > 1 && <Badge tone="amber">attempt {group.attempt}</Badge>}
      <span className="min-w-0 flex-1 truncate text-xs text-ink-3">{group.detail}</span>
      <span className="shrink-0 text-xs text-ink-3">{length}</span>
      <span className="shrink-0 text-xs text-ink-2 max-md:hidden">
        <Time value={new Date(group.start).toISOString()} />
      </span>
    </>
  );
}

function GroupBody({ group, places }: { group: Group; places: Map<number, Place> }) {
  return (
    <div className="divide-y divide-line">
      {group.events.map((event, index) => (
        <div key={event.eventId}>
          <div className="flex items-center gap-3 px-3 pt-2 text-xs">
            <span className="w-10 text-right text-ink-3">{event.eventId}</span>
            <span className="font-semibold">{eventName(event.eventType)}</span>
            <span className="ml-auto text-ink-3">{index > 0 && `+${humanDuration(timeOf(event) - timeOf(group.events[index - 1]!))}`}</span>
            <Time value={event.eventTime} long />
          </div>
          <EventBody event={event} place={places.get(idOf(event))} />
        </div>
      ))}
      {group.end === undefined && group.failure && (
        <div>
          <p className="px-3 pt-2 text-xs font-semibold">Last failure, attempt {Math.max(1, group.attempt - 1)}</p>
          <FailureView failure={group.failure} />
        </div>
      )}
    </div>
  );
}

function EventHead({ event, before }: { event: HistoryEvent; before: HistoryEvent | undefined }) {
  const given = attributesOf(event);
  const about = (given.activityType ?? given.workflowType) as { name?: string } | undefined;
  const detail = about?.name ?? (given.signalName as string) ?? (given.failure as Failure | undefined)?.message ?? (given.startToFireTimeout as string) ?? '';
  return (
    <>
      <span className="w-10 shrink-0 text-right text-xs text-ink-3">{event.eventId}</span>
      <span className="shrink-0 font-medium">{eventName(event.eventType)}</span>
      <span className="min-w-0 flex-1 truncate text-xs text-ink-3">{detail}</span>
      <span className="w-16 shrink-0 text-right text-xs text-ink-3">{before && `+${humanDuration(timeOf(event) - timeOf(before))}`}</span>
      <span className="shrink-0 text-xs text-ink-2 max-md:hidden">
        <Time value={event.eventTime} />
      </span>
    </>
  );
}

const isPayloads = (value: unknown): value is { payloads: unknown[] } => typeof value === 'object' && value !== null && 'payloads' in value;
const isPayload = (value: unknown): value is Payload => typeof value === 'object' && value !== null && 'metadata' in value && Object.keys(value).length <= 2;

/** Another workflow, of the same namespace. */
const isExecution = (value: unknown): value is { workflowId: string; runId?: string } =>
  typeof value === 'object' && value !== null && typeof (value as { workflowId?: unknown }).workflowId === 'string' && Object.keys(value).every((key) => key === 'workflowId' || key === 'runId');

function EventBody({ event, place }: { event: HistoryEvent; place: Place | undefined }) {
  const { ns } = route.useParams();
  const navigate = route.useNavigate();
  const fields = Object.entries(attributesOf(event)).filter(([, value]) => value !== undefined && value !== '' && value !== '0s' && value !== null);
  const plain = fields.filter(([, value]) => typeof value !== 'object');
  const rest = fields.filter(([, value]) => typeof value === 'object');
  const summary = event.userMetadata?.summary;
  const reset = () => void navigate({ search: (search) => ({ ...search, reset: String(idOf(event)) }), replace: true, resetScroll: false });
  return (
    <div className="space-y-2 px-3 py-2 pl-16 max-md:pl-3">
      <dl className="grid grid-cols-[minmax(8rem,14rem)_1fr] gap-x-4 gap-y-0.5 text-xs">
        {summary && (
          <Pair name="Summary">
            <OneLine payload={summary} />
          </Pair>
        )}
        {plain.map(([name, value]) => (
          <Pair key={name} name={fieldName(name)}>
            <span className="break-words">{enumOr(String(value))}</span>
          </Pair>
        ))}
        {rest.map(([name, value]) => {
          const named = (value as { name?: string }).name;
          if (typeof named === 'string')
            return (
              <Pair key={name} name={fieldName(name)}>
                {named}
              </Pair>
            );
          if (isExecution(value))
            return (
              <Pair key={name} name={fieldName(name)}>
                <RunLink ns={ns} id={value.workflowId} run={value.runId} />
              </Pair>
            );
          return null;
        })}
        {place && (
          <Pair name="On the topic">
            <PlaceView place={place} />
          </Pair>
        )}
      </dl>
      {rest.map(([name, value]) => {
        if (typeof (value as { name?: string }).name === 'string') return null;
        if (name === 'failure' || name === 'lastFailure') return <Box key={name} name={fieldName(name)}><FailureView failure={value as Failure} /></Box>;
        if (name === 'outcome') return <Outcome key={name} outcome={value as UpdateOutcome} />;
        if (isPayloads(value)) return <Box key={name} name={fieldName(name)}><PayloadList payloads={value} label={fieldName(name)} none="Nothing" /></Box>;
        if (isExecution(value)) return null;
        if (isPayload(value)) return <Box key={name} name={fieldName(name)}><PayloadView payload={value} label={fieldName(name)} /></Box>;
        return <Box key={name} name={fieldName(name)}><JsonView value={plainly(value)} label={fieldName(name)} /></Box>;
      })}
      {isResetPoint(event) && (
        <Button icon="refresh" onPress={reset}>
          Reset to here…
        </Button>
      )}
    </div>
  );
}

/** What an update came to. */
const Outcome = ({ outcome: { success, failure } }: { outcome: UpdateOutcome }) => (
  <Box name="Outcome">{failure ? <FailureView failure={failure} /> : <PayloadList payloads={success} label="Outcome" none="It returned nothing." />}</Box>
);

/** `RETRY_STATE_IN_PROGRESS` stays recognisable, but readable. */
const enumOr = (value: string): string => (/^[A-Z]+(_[A-Z]+)+$/.test(value) ? words(value) : value);

const Pair = ({ name, children }: { name: string; children: ReactNode }) => (
  <>
    <dt className="text-ink-3">{name}</dt>
    <dd className="min-w-0">{children}</dd>
  </>
);

const Box = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <p className="eyebrow mb-0.5">{name}</p>
    <div className="card overflow-hidden">{children}</div>
  </div>
);

function PlaceView({ place: { topic, partition, offset } }: { place: Place }) {
  const server = useQuery({ queryKey: ['overview'], queryFn: ({ signal }) => klamm.overview(signal), staleTime: 60_000 });
  const isKafka = server.data?.logKind === 'kafka';
  const command = isKafka
    ? `kcat -C -b $BROKERS -t ${topic} -p ${partition} -o ${offset} -c 1`
    : `klamm topics cat ${topic} --partition ${partition} --from ${offset} --limit 1`;
  return (
    <span className="inline-flex flex-wrap items-center gap-x-2">
      <span>
        {topic}, partition {partition}, offset {offset}
      </span>
      <span className="inline-flex items-center gap-0.5 rounded border border-line bg-sunken pl-1.5">
        <code className="font-mono text-2xs">{command}</code>
        <Copy text={command} what={isKafka ? 'the kcat line' : 'the command'} />
      </span>
    </span>
  );
}

/** Where the events stand on the history topic, by event id. Empty where the server does not tell. */
function usePlaces({ namespace, workflowId, runId }: Run, count: number): Map<number, Place> {
  const { data } = useQuery<Map<number, Place>>({
    queryKey: ['places', namespace, workflowId, runId, count],
    enabled: count > 0,
    staleTime: Infinity,
    retry: false,
    placeholderData: (before) => before,
    queryFn: async ({ signal }) => {
      const places = new Map<number, Place>();
      let offset: number | undefined;
      // As many pages as a history can have events.
      for (let page = 0; page < 60; page += 1) {
        const found = await klamm.eventRecords(namespace, workflowId, runId, offset, signal);
        for (const event of found.events) places.set(event.eventId, { topic: found.topic, partition: found.partition, offset: event.offset });
        if (found.next === null || found.next === undefined) break;
        offset = found.next;
      }
      return places;
    },
  });
  return data ?? NOWHERE;
}

const NOWHERE: Map<number, Place> = new Map();

