// One schedule: what it will do, what it did, and what it did not do and why.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { DescribeScheduleResponse, ScheduleActionResult } from '../api/messages';
import * as temporal from '../api/temporal';
import { Badge, buttonClass, Fact, Facts, Failed, Loading, Note, Section, Time } from '../components/basics';
import { Icon } from '../components/icons';
import { QueueLink, RunLink, Up } from '../components/links';
import { JsonView, PayloadList } from '../components/payloads';
import { Status } from '../components/status';
import { humanDuration, parseProtoDuration } from '../lib/duration';
import { OVERLAPS, overlapId, specTexts } from '../lib/schedule';
import { fullTime, zoneName } from '../lib/time';
import { useSettings } from '../lib/settings';
import { words } from '../lib/words';
import { ScheduleActions } from './schedule/actions';
import { Audit } from './schedule/audit';

const route = getRouteApi('/namespaces/$ns/schedules/$id');

export function SchedulePage() {
  const { ns, id } = route.useParams();
  const navigate = useNavigate();
  const described = useQuery({ queryKey: ['schedule', ns, id], queryFn: ({ signal }) => temporal.describeSchedule(ns, id, signal), refetchInterval: 3000 });
  const refetch = () => void described.refetch();
  const up = (
    <Up>
      <Link to="/namespaces/$ns/schedules" params={{ ns }}>
        Schedules
      </Link>
    </Up>
  );
  if (!described.data)
    return (
      <>
        {up}
        <div className="pt-4">{described.error ? <Failed error={described.error} what={`Schedule ${id}`} retry={refetch} /> : <Loading rows={10} />}</div>
      </>
    );
  const { schedule = {}, info = {} } = described.data;
  const action = schedule.action?.startWorkflow;
  return (
    <>
      {up}
      <header className="flex flex-wrap items-center gap-x-3 gap-y-2 pt-1 pb-3">
        {schedule.state?.paused ? <Badge tone="amber">Paused</Badge> : <Badge tone="green">Active</Badge>}
        <h1 className="min-w-0 text-lg font-semibold tracking-tight break-words">{id}</h1>
        <span className="text-ink-2">{action?.workflowType?.name}</span>
        <div className="ml-auto flex flex-wrap gap-1.5">
          <ScheduleActions
            ns={ns}
            id={id}
            paused={schedule.state?.paused ?? false}
            onDone={refetch}
            onDeleted={() => void navigate({ to: '/namespaces/$ns/schedules', params: { ns } })}
          />
          <Link to="/namespaces/$ns/schedules/$id/edit" params={{ ns, id }} className={buttonClass()}>
            <Icon name="edit" />
            Edit
          </Link>
        </div>
      </header>
      {schedule.state?.notes && (
        <p className="mb-3 max-w-prose text-ink-2">
          <span className="sr-only">Note: </span>
          {schedule.state.notes}
        </p>
      )}
      {info.invalidScheduleError && (
        <div className="mb-3">
          <Note tone="red" title="The schedule does not work">
            {info.invalidScheduleError}
          </Note>
        </div>
      )}
      <Summary ns={ns} described={described.data} />
      <div className="mt-4 space-y-3">
        <Audit ns={ns} id={id} />
        <div className="grid gap-3 lg:grid-cols-2">
          <Upcoming described={described.data} />
          <Recent ns={ns} described={described.data} />
        </div>
        <div className="grid gap-3 lg:grid-cols-2">
          <Section title="Input">
            <PayloadList payloads={action?.input} label="Input" none="Its workflows are given nothing." />
          </Section>
          <Section title="As it is stored">
            <JsonView value={schedule} label="Schedule as JSON" />
          </Section>
        </div>
      </div>
    </>
  );
}

function Summary({ ns, described }: { ns: string; described: DescribeScheduleResponse }) {
  const { schedule = {}, info = {} } = described;
  const { spec, policies, state } = schedule;
  const action = schedule.action?.startWorkflow;
  const overlap = OVERLAPS.find(({ id }) => id === overlapId(policies?.overlapPolicy));
  const catchup = parseProtoDuration(policies?.catchupWindow);
  const jitter = parseProtoDuration(spec?.jitter);
  return (
    <Facts>
      <Fact name="When">
        <span className="whitespace-normal">{specTexts(spec).join('; ') || 'never: it names no time'}</span>
      </Fact>
      <Fact name="Zone">{spec?.timezoneName || 'UTC'}</Fact>
      {jitter ? <Fact name="Jitter">{humanDuration(jitter)}</Fact> : null}
      <Fact name="Task queue">
        <QueueLink ns={ns} queue={action?.taskQueue?.name ?? ''} />
      </Fact>
      <Fact name="When runs overlap">
        <span title={overlap?.hint}>{overlap?.text}</span>
      </Fact>
      <Fact name="Catch-up window">{catchup ? humanDuration(catchup) : '—'}</Fact>
      <Fact name="Runs started">{Number(info.actionCount ?? 0).toLocaleString('en')}</Fact>
      <Fact name="Skipped">{Number(info.overlapSkipped ?? 0).toLocaleString('en')}</Fact>
      <Fact name="Missed">{Number(info.missedCatchupWindow ?? 0).toLocaleString('en')}</Fact>
      {state?.limitedActions && <Fact name="Runs left">{state.remainingActions ?? '0'}</Fact>}
      <Fact name="Created">
        <Time value={info.createTime} long />
      </Fact>
      {info.updateTime && (
        <Fact name="Changed">
          <Time value={info.updateTime} long />
        </Fact>
      )}
    </Facts>
  );
}

function Upcoming({ described: { schedule, info } }: { described: DescribeScheduleResponse }) {
  const { zone } = useSettings();
  const own = schedule?.spec?.timezoneName || 'UTC';
  const times = info?.futureActionTimes ?? [];
  return (
    <Section title="Next times" actions={schedule?.state?.paused && <Badge tone="amber">not while it is paused</Badge>}>
      {times.length === 0 ? (
        <p className="px-3 py-2 text-ink-3">It names no time that is to come.</p>
      ) : (
        <table className="w-full">
          <thead>
            <tr className="eyebrow text-left">
              <th className="px-3 pt-2 font-medium">In its zone, {own}</th>
              <th className="px-3 pt-2 font-medium">In {zone === 'local' ? `this browser's, ${zoneName(zone)}` : zone}</th>
            </tr>
          </thead>
          <tbody>
            {times.slice(0, 10).map((time) => (
              <tr key={time} className="border-t border-line/60">
                <td className="px-3 py-1">{fullTime(time, own).slice(0, 19)}</td>
                <td className="px-3 py-1">
                  <Time value={time} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function Recent({ ns, described: { info } }: { ns: string; described: DescribeScheduleResponse }) {
  const running = new Set((info?.runningWorkflows ?? []).map((execution) => execution.runId));
  const actions = [...(info?.recentActions ?? [])].reverse();
  return (
    <Section title="Last runs" actions={running.size > 0 && <Badge tone="blue">{running.size} going on</Badge>}>
      {actions.length === 0 ? (
        <p className="px-3 py-2 text-ink-3">It has started no run yet.</p>
      ) : (
        <table className="w-full">
          <tbody>
            {actions.map((action) => (
              <RecentRow key={action.startWorkflowResult?.runId} ns={ns} action={action} isRunning={running.has(action.startWorkflowResult?.runId)} />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function RecentRow({ ns, action, isRunning }: { ns: string; action: ScheduleActionResult; isRunning: boolean }) {
  const execution = action.startWorkflowResult;
  const late = Date.parse(action.actualTime ?? '') - Date.parse(action.scheduleTime ?? '');
  return (
    <tr className="border-t border-line/60 first:border-0">
      <td className="max-w-0 truncate px-3 py-1">
        <RunLink ns={ns} id={execution?.workflowId ?? ''} run={execution?.runId} />
      </td>
      <td className="w-28 px-2 py-1">{action.startWorkflowStatus && words(action.startWorkflowStatus) !== '' ? <Status status={action.startWorkflowStatus} /> : isRunning && <Status status="WORKFLOW_EXECUTION_STATUS_RUNNING" />}</td>
      <td className="w-36 px-2 py-1 text-right">
        <Time value={action.scheduleTime} />
      </td>
      <td className="w-20 px-3 py-1 text-right text-xs text-ink-3">{Number.isFinite(late) ? `+${humanDuration(late)}` : ''}</td>
    </tr>
  );
}

