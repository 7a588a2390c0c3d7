// One task queue: what waits in it, and who polls it.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { DescribeTaskQueueResponse, PollerInfo } from '../api/messages';
import * as temporal from '../api/temporal';
import { Badge, Fact, Facts, Failed, Loading, Note, PageHeader, Section, Time } from '../components/basics';
import { Up } from '../components/links';
import { humanDuration, parseProtoDuration } from '../lib/duration';

const route = getRouteApi('/namespaces/$ns/task-queues/$queue');

const TYPES = [
  ['TASK_QUEUE_TYPE_WORKFLOW', 'Workflow tasks'],
  ['TASK_QUEUE_TYPE_ACTIVITY', 'Activity tasks'],
] as const;

export function TaskQueuePage() {
  const { ns, queue } = route.useParams();
  const all = useQuery({
    queryKey: ['task-queue', ns, queue],
    queryFn: ({ signal }) => Promise.all(TYPES.map(([type]) => temporal.describeTaskQueue(ns, queue, type, signal))),
    refetchInterval: 2000,
  });
  return (
    <>
      <Up>
        <Link to="/namespaces/$ns/task-queues" params={{ ns }}>
          Task queues
        </Link>
      </Up>
      <PageHeader title={queue}>
        <Link to="/namespaces/$ns/workflows" params={{ ns }} search={{ query: `TaskQueue = '${queue.replace(/'/g, "\\'")}'` }} className="link">
          Its workflows
        </Link>
      </PageHeader>
      {all.error && !all.data ? (
        <Failed error={all.error} what={`Task queue ${queue}`} retry={() => void all.refetch()} />
      ) : !all.data ? (
        <Loading />
      ) : (
        <div className="space-y-3">
          {all.data.every(({ pollers }) => !pollers?.length) && (
            <Note tone="amber" title="No worker polls this queue">
              Its tasks wait until a worker is started with task queue <code className="font-mono text-xs">{queue}</code> in namespace <code className="font-mono text-xs">{ns}</code>.
            </Note>
          )}
          <div className="grid items-start gap-3 xl:grid-cols-2">
            {TYPES.map(([type, title], index) => (
              <Half key={type} title={title} described={all.data[index]!} />
            ))}
          </div>
        </div>
      )}
    </>
  );
}

function Half({ title, described }: { title: string; described: DescribeTaskQueueResponse }) {
  const { stats, pollers = [], config } = described;
  const age = parseProtoDuration(stats?.approximateBacklogAge);
  const rate = (value: number | undefined) => `${(value ?? 0).toLocaleString('en', { maximumFractionDigits: 1 })} / s`;
  const limit = config?.queueRateLimit?.rateLimit?.requestsPerSecond;
  return (
    <Section title={title}>
      <Facts className="px-3 py-2.5">
        <Fact name="Waiting">{Number(stats?.approximateBacklogCount ?? 0).toLocaleString('en')}</Fact>
        <Fact name="Oldest waits">{age ? humanDuration(age) : '—'}</Fact>
        <Fact name="Added">{rate(stats?.tasksAddRate)}</Fact>
        <Fact name="Dispatched">{rate(stats?.tasksDispatchRate)}</Fact>
        {limit !== undefined && <Fact name="Limit">{rate(limit)}</Fact>}
      </Facts>
      <div className="border-t border-line">
        {pollers.length === 0 ? (
          <p className="px-3 py-2 text-ink-3">No poller.</p>
        ) : (
          <table className="w-full">
            <thead>
              <tr className="eyebrow text-left">
                <th className="px-3 pt-2 font-medium">Poller</th>
                <th className="px-3 pt-2 font-medium">Version</th>
                <th className="px-3 pt-2 text-right font-medium whitespace-nowrap">Last poll</th>
              </tr>
            </thead>
            <tbody>
              {pollers.map((poller) => (
                <tr key={poller.identity} className="border-t border-line/60">
                  <td className="w-full max-w-0 truncate px-3 py-1 font-mono text-xs" title={poller.identity}>
                    {poller.identity}
                  </td>
                  <td className="px-3 py-1 whitespace-nowrap">{versionOf(poller)}</td>
                  <td className="px-3 py-1 text-right">
                    <Time value={poller.lastAccessTime} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Section>
  );
}

function versionOf(poller: PollerInfo) {
  const { deploymentOptions: options, workerVersionCapabilities: capabilities } = poller;
  const build = options?.buildId || capabilities?.buildId;
  if (!build) return <span className="text-ink-3">unversioned</span>;
  return <span title={build}><Badge>{options?.deploymentName ? `${options.deploymentName} ${build.slice(0, 12)}` : build.slice(0, 12)}</Badge></span>;
}
