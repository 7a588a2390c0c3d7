// One worker: what its last heartbeat told.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { WorkerHeartbeat, WorkerPollerInfo, WorkerSlotsInfo } from '../api/messages';
import * as temporal from '../api/temporal';
import { Copyable, Fact, Facts, Failed, Loading, PageHeader, Section, Time } from '../components/basics';
import { QueueLink, Up } from '../components/links';
import { WorkerStatus } from './workers';

const route = getRouteApi('/namespaces/$ns/workers/$key');

export function WorkerPage() {
  const { ns, key } = route.useParams();
  const described = useQuery({ queryKey: ['worker', ns, key], queryFn: ({ signal }) => temporal.describeWorker(ns, key, signal), refetchInterval: 3000 });
  const beat = described.data?.workerInfo?.workerHeartbeat;
  return (
    <>
      <Up>
        <Link to="/namespaces/$ns/workers" params={{ ns }}>
          Workers
        </Link>
      </Up>
      <PageHeader title={beat?.workerIdentity || key}>{beat && <WorkerStatus status={beat.status} />}</PageHeader>
      {described.error ? (
        <Failed error={described.error} what={`Worker ${key}`} retry={() => void described.refetch()} />
      ) : !beat ? (
        <Loading />
      ) : (
        <div className="space-y-3">
          <About ns={ns} beat={beat} />
          <Tasks beat={beat} />
          <Section title="Sticky cache">
            <Facts className="px-3 py-2.5">
              <Fact name="Workflows in it">{number(beat.currentStickyCacheSize)}</Fact>
              <Fact name="Hits">{number(beat.totalStickyCacheHit)}</Fact>
              <Fact name="Misses">{number(beat.totalStickyCacheMiss)}</Fact>
            </Facts>
          </Section>
        </div>
      )}
    </>
  );
}

const number = (value: number | undefined): string => (value ?? 0).toLocaleString('en');
const percent = (share: number | undefined): string => (share === undefined ? '—' : `${Math.round(share * 100)} %`);

function About({ ns, beat }: { ns: string; beat: WorkerHeartbeat }) {
  const { hostInfo: host, deploymentVersion: version } = beat;
  return (
    <Section title="The worker">
      <Facts className="px-3 py-2.5">
        <Fact name="Task queue">
          <QueueLink ns={ns} queue={beat.taskQueue ?? ''} />
        </Fact>
        <Fact name="SDK">
          {beat.sdkName} {beat.sdkVersion}
        </Fact>
        <Fact name="Version">{version?.buildId ? `${version.deploymentName ?? ''} ${version.buildId}` : 'unversioned'}</Fact>
        <Fact name="Host">{host?.hostName || '—'}</Fact>
        <Fact name="Process">{host?.processId || '—'}</Fact>
        <Fact name="CPU of the host">{percent(host?.currentHostCpuUsage)}</Fact>
        <Fact name="Memory of the host">{percent(host?.currentHostMemUsage)}</Fact>
        <Fact name="Start">
          <Time value={beat.startTime} long />
        </Fact>
        <Fact name="Last heartbeat">
          <Time value={beat.heartbeatTime} long />
        </Fact>
        <Fact name="Key">
          <Copyable text={beat.workerInstanceKey ?? ''} what="the key" />
        </Fact>
      </Facts>
    </Section>
  );
}

function Tasks({ beat }: { beat: WorkerHeartbeat }) {
  const kinds: [string, WorkerSlotsInfo | undefined, WorkerPollerInfo | undefined][] = [
    ['Workflow tasks', beat.workflowTaskSlotsInfo, beat.workflowPollerInfo],
    ['Activities', beat.activityTaskSlotsInfo, beat.activityPollerInfo],
    ['Local activities', beat.localActivitySlotsInfo, undefined],
    ['Nexus tasks', beat.nexusTaskSlotsInfo, beat.nexusPollerInfo],
  ];
  const head = 'px-3 pt-2 text-right font-medium whitespace-nowrap';
  return (
    <Section title="Tasks">
      <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Tasks by kind">
        <table className="w-full">
          <thead>
            <tr className="eyebrow">
              <th className="px-3 pt-2 text-left font-medium">Kind</th>
              <th className={head}>Slots in use</th>
              <th className={head}>Slots free</th>
              <th className={head}>Pollers</th>
              <th className={head}>Processed</th>
              <th className={head}>Failed</th>
            </tr>
          </thead>
          <tbody>
            {kinds.map(([name, slots, poller]) => (
              <tr key={name} className="border-t border-line/60">
                <td className="px-3 py-1 whitespace-nowrap">{name}</td>
                {[slots?.currentUsedSlots, slots?.currentAvailableSlots, poller?.currentPollers, slots?.totalProcessedTasks, slots?.totalFailedTasks].map((value, index) => (
                  <td key={index} className="tabular px-3 py-1 text-right">
                    {slots ? number(value) : '—'}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
