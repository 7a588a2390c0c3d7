// The server at a glance: whether it is well, and how it goes.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { ApiError } from '../api/client';
import * as klamm from '../api/klamm';
import { Badge, Fact, Facts, Failed, Note, PageHeader, Time } from '../components/basics';
import { Chart, type Line } from '../components/chart';
import { humanDuration } from '../lib/duration';
import { isPrompt, type Metrics, parseMetrics, quantile, rate, sum } from '../lib/metrics';

const EVERY_MS = 2000;
/** Ten minutes. */
const KEPT = 300;

interface Look {
  at: number;
  metrics: Metrics;
}

/** What was seen stays while the page is open, so that one may go to another screen and back. */
let looks: Look[] = [];

function useLooks(): { looks: Look[]; error: Error | undefined } {
  const [state, setState] = useState<{ looks: Look[]; error: Error | undefined }>({ looks, error: undefined });
  useEffect(() => {
    const stop = new AbortController();
    const look = async () => {
      try {
        const response = await fetch('/metrics', { signal: stop.signal });
        if (!response.ok) throw new ApiError(response.status, 2, `/metrics answers with status ${response.status}.`);
        const metrics = parseMetrics(await response.text());
        const begun = (each: Metrics) => sum(each, 'process_start_time_seconds');
        const last = looks.at(-1);
        // Another process counts from zero.
        if (last && begun(last.metrics) !== begun(metrics)) looks = [];
        looks = [...looks.slice(-KEPT), { at: Date.now() / 1000, metrics }];
        setState({ looks, error: undefined });
      } catch (error) {
        if (!stop.signal.aborted) setState({ looks, error: error as Error });
      }
    };
    void look();
    const timer = setInterval(() => document.visibilityState === 'visible' && void look(), EVERY_MS);
    return () => {
      clearInterval(timer);
      stop.abort();
    };
  }, []);
  return state;
}

interface Curve {
  title: string;
  lines: Line[];
  format: (value: number) => string;
  least: number;
  values: (before: Look, after: Look) => (number | undefined)[];
}

const seconds = (value: number) => (value === 0 ? '0' : humanDuration(value * 1000));
const count = (value: number) => value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });
const megabytes = (value: number) => `${count(value / 1e6)} MB`;

const between = (before: Look, after: Look) => after.at - before.at;
const HALF: Line = { label: 'median', color: '--color-blue' };
const MOST: Line = { label: '99 %', color: '--color-amber' };

const CURVES: Curve[] = [
  {
    title: 'Commands per second',
    lines: [{ label: 'commands', color: '--color-accent' }],
    format: count,
    least: 4,
    values: (a, b) => [rate(a.metrics, b.metrics, between(a, b), 'klamm_commands_total')],
  },
  {
    title: 'Calls per second',
    lines: [{ label: 'calls', color: '--color-accent' }, { label: 'failed', color: '--color-red' }],
    format: count,
    least: 4,
    values: (a, b) => [rate(a.metrics, b.metrics, between(a, b), 'service_requests'), rate(a.metrics, b.metrics, between(a, b), 'service_error_with_type')],
  },
  {
    title: 'Latency of calls',
    lines: [HALF, MOST],
    format: seconds,
    least: 0.004,
    values: (a, b) => [0.5, 0.99].map((share) => quantile(a.metrics, b.metrics, 'service_latency', share, isPrompt)),
  },
  {
    title: 'Lateness of timers',
    lines: [HALF, MOST],
    format: seconds,
    least: 0.004,
    values: (a, b) => [0.5, 0.99].map((share) => quantile(a.metrics, b.metrics, 'klamm_wake_up_lateness_seconds', share)),
  },
  {
    title: 'Tasks wait for workers',
    lines: [HALF, MOST],
    format: seconds,
    least: 0.004,
    values: (a, b) => [0.5, 0.99].map((share) => quantile(a.metrics, b.metrics, 'task_schedule_to_start_latency', share)),
  },
  {
    title: 'Waiting tasks',
    lines: [{ label: 'tasks', color: '--color-violet' }],
    format: count,
    least: 4,
    values: (_, b) => [sum(b.metrics, 'approximate_backlog_count')],
  },
  {
    title: 'Commits take',
    lines: [HALF, MOST],
    format: seconds,
    least: 0.004,
    values: (a, b) => [0.5, 0.99].map((share) => quantile(a.metrics, b.metrics, 'klamm_commit_seconds', share)),
  },
  {
    title: 'Memory',
    lines: [{ label: 'resident', color: '--color-violet' }],
    format: megabytes,
    least: 40e6,
    values: (_, b) => [sum(b.metrics, 'process_resident_memory_bytes')],
  },
];

/** Quantiles are taken over some looks, because in two seconds there may be nothing. */
const WINDOW = 5;

export function OverviewPage() {
  const server = useQuery({ queryKey: ['overview'], queryFn: ({ signal }) => klamm.overview(signal), refetchInterval: 5000, retry: false });
  const { looks: seen, error } = useLooks();
  return (
    <>
      <PageHeader title="Overview" />
      <div className="space-y-3">
        {server.data ? <Server overview={server.data} /> : server.error && <Failed error={server.error} what="The state of the server" retry={() => void server.refetch()} />}
        {error && <Failed error={error} what="The charts" />}
        <div className="grid gap-3 lg:grid-cols-2 2xl:grid-cols-3">
          {CURVES.map((curve) => (
            <CurveChart key={curve.title} curve={curve} looks={seen} />
          ))}
        </div>
        <p className="text-xs text-ink-3">
          From <a href="/metrics" className="link underline underline-offset-2">/metrics</a> of this process, every two seconds while this page is open. For longer times there are a dashboard for Grafana and alerts for Prometheus in klamm's repository.
        </p>
      </div>
    </>
  );
}

function CurveChart({ curve, looks: seen }: { curve: Curve; looks: Look[] }) {
  const data = useMemo(() => {
    const columns: (number | null)[][] = [seen.slice(1).map((look) => look.at), ...curve.lines.map(() => [])];
    seen.slice(1).forEach((look, index) => {
      const before = seen[Math.max(0, index + 1 - WINDOW)]!;
      curve.values(before, look).forEach((value, line) => columns[line + 1]!.push(value ?? null));
    });
    return columns;
  }, [curve, seen]);
  const last = data.slice(1).map((values) => values.at(-1));
  const now = last.every((value) => value === null || value === undefined) ? 'nothing yet' : last.map((value) => (value === null || value === undefined ? '—' : curve.format(value))).join(' / ');
  return <Chart title={curve.title} lines={curve.lines} data={data} format={curve.format} now={now} least={curve.least} />;
}

function Server({ overview }: { overview: klamm.Overview }) {
  const { health, counts } = overview;
  const page = (to: '/partitions' | '/topics' | '/namespaces', text: ReactNode) => (
    <Link to={to} className="link">
      {text}
    </Link>
  );
  return (
    <>
      {overview.problem && (
        <Note tone="red" title="klamm does not work as it should">
          {overview.problem}
        </Note>
      )}
      {health.reasons.map((reason) => (
        <Note key={`${reason.source} ${reason.text}`} tone={reason.severity === 'warning' ? 'amber' : 'red'} title={`${reason.source}: ${reason.severity}`}>
          {reason.text}
          {reason.since && (
            <>
              , since <Time value={reason.since} />
            </>
          )}
        </Note>
      ))}
      <div className="card px-3 py-2.5">
        <Facts>
          <Fact name="Health">
            {!health.ready ? <Badge tone="red">not ready</Badge> : health.reasons.length > 0 || overview.problem ? <Badge tone="amber">with warnings</Badge> : <Badge tone="green">well</Badge>}
          </Fact>
          <Fact name="Version">{overview.version}</Fact>
          <Fact name="Role">{overview.role}</Fact>
          <Fact name="Log">{overview.logKind === 'kafka' ? 'Apache Kafka' : 'embedded'}</Fact>
          <Fact name="gRPC">
            <span className="font-mono text-xs">{overview.address}</span>
          </Fact>
          {overview.owner && overview.owner !== overview.address && (
            <Fact name="Owner">
              <span className="font-mono text-xs">{overview.owner}</span>
            </Fact>
          )}
          <Fact name="Started">
            <Time value={overview.startTime} />
          </Fact>
          <Fact name="Partitions">{page('/partitions', counts.partitions)}</Fact>
          <Fact name="Topics">{page('/topics', counts.topics)}</Fact>
          <Fact name="Namespaces">{page('/namespaces', counts.namespaces)}</Fact>
          <Fact name="Task queues">{counts.taskQueues}</Fact>
          <Fact name="Members">{counts.members}</Fact>
        </Facts>
      </div>
    </>
  );
}
