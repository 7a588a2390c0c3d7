// One run of a workflow.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import type { DescribeWorkflowExecutionResponse, Failure, HistoryEvent, WorkflowExecutionPauseInfo } from '../api/messages';
import * as temporal from '../api/temporal';
import { Copyable, Elapsed, Fact, Facts, Failed, Loading, Note, Section, Time, classes } from '../components/basics';
import { FailureView } from '../components/failure';
import { QueueLink, RunLink, ScheduleLink, Up } from '../components/links';
import { OneLine, PayloadList } from '../components/payloads';
import { Status } from '../components/status';
import { type Attributes, attributesOf, groupsOf } from '../lib/history';
import { inOneLine } from '../lib/payload';
import { Actions } from './run/actions';
import { Details } from './run/details';
import { Events } from './run/events';
import { PendingActivities } from './run/pending';
import { Queries, StackTrace } from './run/queries';
import { Timeline } from './run/timeline';
import { useHistory } from './run/use-history';

const route = getRouteApi('/namespaces/$ns/workflows/$id/$run/$tab');

export function RunPage() {
  const { ns, id, run: runId, tab } = route.useParams();
  const run = useMemo(() => ({ namespace: ns, workflowId: id, runId }), [ns, id, runId]);
  const described = useQuery({
    queryKey: ['run', ns, id, runId],
    queryFn: ({ signal }) => temporal.describeWorkflow(run, signal),
    refetchInterval: ({ state }) => (isOpenStatus(state.data?.workflowExecutionInfo?.status) || state.error ? 2000 : false),
  });
  const refetch = () => void described.refetch();
  const history = useHistory(run, refetch);
  const pending = described.data?.pendingActivities;
  const children = described.data?.pendingChildren;
  const groups = useMemo(() => groupsOf(history.events, pending, children), [history.events, pending, children]);

  const up = (
    <Up>
      <Link to="/namespaces/$ns/workflows" params={{ ns }}>
        Workflows
      </Link>
    </Up>
  );
  if (!described.data) {
    return (
      <>
        {up}
        <div className="pt-4">{described.error ? <Failed error={described.error} what={`Workflow ${id}`} retry={refetch} /> : <Loading rows={10} />}</div>
      </>
    );
  }
  const info = described.data.workflowExecutionInfo ?? {};
  const isRunning = isOpenStatus(info.status);
  const waiting = pending?.length ?? 0;
  return (
    <>
      {up}
      <header className="flex flex-wrap items-center gap-x-3 gap-y-2 pt-1 pb-3">
        <Status status={info.status} />
        <h1 className="max-w-full min-w-0 text-lg font-semibold tracking-tight break-words">{id}</h1>
        <span className="text-ink-2">{info.type?.name}</span>
        <div className="ml-auto">
          <Actions run={run} described={described.data} events={history.events} onDone={refetch} />
        </div>
      </header>
      {described.error && (
        <div className="mb-3">
          <Failed error={described.error} what="The newest state" retry={refetch} />
        </div>
      )}
      {described.data.workflowExtendedInfo?.pauseInfo && <Paused pause={described.data.workflowExtendedInfo.pauseInfo} />}
      <Summary ns={ns} described={described.data} events={history.events} />
      <nav aria-label="Parts of the run" className="mt-4 mb-3 flex gap-4 overflow-x-auto border-b border-line">
        {tabLink(run, 'history', 'History', tab === 'history' || !TABS.includes(tab))}
        {tabLink(run, 'pending-activities', <>Pending activities {waiting > 0 && <span className="rounded bg-amber-soft px-1 text-xs text-amber">{waiting}</span>}</>, tab === 'pending-activities')}
        {tabLink(run, 'queries', 'Queries', tab === 'queries')}
        {tabLink(run, 'call-stack', 'Stack trace', tab === 'call-stack')}
        {tabLink(run, 'details', 'Details', tab === 'details')}
      </nav>
      {tab === 'pending-activities' ? (
        <PendingActivities run={run} activities={pending ?? []} onDone={refetch} />
      ) : tab === 'queries' ? (
        <Queries run={run} />
      ) : tab === 'call-stack' ? (
        <StackTrace run={run} isRunning={isRunning} />
      ) : tab === 'details' ? (
        <Details ns={ns} described={described.data} />
      ) : (
        <div className="space-y-3">
          <Outcome events={history.events} isRunning={isRunning} isComplete={history.isComplete} />
          {history.error && <Failed error={history.error} what="The history" />}
          {history.events.length === 0 && !history.error ? (
            <div className="card">
              <Loading />
            </div>
          ) : (
            <>
              <Timeline groups={groups} events={history.events} isRunning={isRunning} />
              <Events run={run} groups={groups} events={history.events} isComplete={history.isComplete} />
            </>
          )}
        </div>
      )}
    </>
  );
}

/** Whether a run goes on, be it held. */
const isOpenStatus = (status: string | undefined): boolean => status === 'WORKFLOW_EXECUTION_STATUS_RUNNING' || status === 'WORKFLOW_EXECUTION_STATUS_PAUSED';

const TABS = ['history', 'pending-activities', 'queries', 'call-stack', 'details'];

const tabLink = ({ namespace, workflowId, runId }: temporal.Run, tab: string, text: ReactNode, active: boolean) => (
  <Link
    to="/namespaces/$ns/workflows/$id/$run/$tab"
    params={{ ns: namespace, id: workflowId, run: runId, tab }}
    aria-current={active ? 'page' : undefined}
    className={classes('-mb-px border-b-2 pb-1.5 font-medium whitespace-nowrap', active ? 'border-accent text-ink' : 'border-transparent text-ink-2 hover:text-ink')}
  >
    {text}
  </Link>
);

function Paused({ pause: { identity, reason, pausedTime } }: { pause: WorkflowExecutionPauseInfo }) {
  return (
    <div className="mb-3">
      <Note tone="amber" title={`Paused by ${identity || 'someone'}`}>
        {reason || 'No reason was given.'} It gets no new tasks since <Time value={pausedTime} long />.
      </Note>
    </div>
  );
}

function Summary({ ns, described, events }: { ns: string; described: DescribeWorkflowExecutionResponse; events: HistoryEvent[] }) {
  const info = described.workflowExecutionInfo ?? {};
  const summary = described.executionConfig?.userMetadata?.summary;
  const schedule = info.searchAttributes?.indexedFields?.TemporalScheduledById;
  const started = attributesOf(events[0] ?? {});
  const before = started.continuedExecutionRunId as string | undefined;
  const next = attributesOf(events.at(-1) ?? {}).newExecutionRunId as string | undefined;
  const id = info.execution?.workflowId ?? '';
  return (
    <>
      {summary && (
        <p className="-mt-1 mb-2 max-w-prose text-ink-2">
          <OneLine payload={summary} />
        </p>
      )}
      <Facts>
        <Fact name="Start">
          <Time value={info.startTime} long />
        </Fact>
        <Fact name="End">{info.closeTime ? <Time value={info.closeTime} long /> : <span className="text-ink-3">not yet</span>}</Fact>
        <Fact name="Duration">
          <Elapsed from={info.executionTime ?? info.startTime} to={info.closeTime} />
        </Fact>
        <Fact name="Run id">
          <Copyable text={info.execution?.runId ?? ''} what="the run id" />
        </Fact>
        <Fact name="Task queue">
          <QueueLink ns={ns} queue={info.taskQueue ?? ''} />
        </Fact>
        <Fact name="Events">{Number(info.historyLength ?? events.length).toLocaleString('en')}</Fact>
        {info.parentExecution?.workflowId && (
          <Fact name="Parent">
            <RunLink ns={ns} id={info.parentExecution.workflowId} run={info.parentExecution.runId} />
          </Fact>
        )}
        {schedule && (
          <Fact name="Schedule">
            <ScheduleLink ns={ns} id={inOneLine(schedule)} />
          </Fact>
        )}
        {before && (
          <Fact name="Run before">
            <RunLink ns={ns} id={id} run={before} className="font-mono text-xs">
              {before.slice(0, 13)}
            </RunLink>
          </Fact>
        )}
        {next && (
          <Fact name="Run after">
            <RunLink ns={ns} id={id} run={next} className="font-mono text-xs">
              {next.slice(0, 13)}
            </RunLink>
          </Fact>
        )}
      </Facts>
    </>
  );
}

/** A failure first, then what went in and what came out. */
function Outcome({ events, isRunning, isComplete }: { events: HistoryEvent[]; isRunning: boolean; isComplete: boolean }) {
  const started = attributesOf(events[0] ?? {});
  const last = events.at(-1);
  const end: Attributes = !isRunning && isComplete && last ? attributesOf(last) : {};
  const kind = last?.eventType?.replace('EVENT_TYPE_WORKFLOW_EXECUTION_', '');
  return (
    <>
      {end.failure !== undefined && (
        <Section title="Failure" className="border-red/40!">
          <FailureView failure={end.failure as Failure} />
        </Section>
      )}
      {kind === 'TERMINATED' && !isRunning && (
        <Note tone="amber" title={`Terminated by ${String(end.identity || 'someone')}`}>
          {String(end.reason ?? '') || 'No reason was given.'}
        </Note>
      )}
      {kind === 'TIMED_OUT' && !isRunning && (
        <Note tone="amber" title="Timed out">
          The run took longer than its time-outs let it. They are under Details.
        </Note>
      )}
      <div className="grid gap-3 lg:grid-cols-2">
        <Section title="Input">
          <PayloadList payloads={started.input} label="Input" none="It was given nothing." />
        </Section>
        <Section title={kind === 'CONTINUED_AS_NEW' ? 'Input of the next run' : 'Result'}>
          {isRunning ? (
            <p className="px-3 py-2 text-ink-3">The run goes on.</p>
          ) : (
            <PayloadList
              payloads={end.result ?? (kind === 'CONTINUED_AS_NEW' ? end.input : undefined)}
              label="Result"
              none={kind === 'COMPLETED' ? 'It returned nothing.' : 'There is none: the run did not complete.'}
            />
          )}
        </Section>
      </div>
    </>
  );
}
