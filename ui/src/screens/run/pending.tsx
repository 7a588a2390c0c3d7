// Activities that have not ended: what their last try came to, and when the next one is.
import type { PendingActivityInfo } from '../../api/messages';
import type { Run } from '../../api/temporal';
import { Badge, Empty, Fact, Facts, Section, Time } from '../../components/basics';
import { FailureView } from '../../components/failure';
import { PayloadList } from '../../components/payloads';
import { useNow } from '../../lib/clock';
import { humanDuration, parseProtoDuration } from '../../lib/duration';
import { listOf } from '../../lib/payload';
import { words } from '../../lib/words';
import { ActivityActions } from './activity-actions';

interface Props {
  run: Run;
  activities: PendingActivityInfo[];
  onDone: () => void;
}

export function PendingActivities({ run, activities, onDone }: Props) {
  if (activities.length === 0)
    return (
      <div className="card">
        <Empty icon="check" title="No activity is pending">
          Activities stand here from their scheduling to their end, with their last failure and their next try.
        </Empty>
      </div>
    );
  return (
    <div className="space-y-3">
      {activities.map((activity) => (
        <Activity key={activity.activityId} run={run} activity={activity} onDone={onDone} />
      ))}
    </div>
  );
}

function Activity({ run, activity, onDone }: { run: Run; activity: PendingActivityInfo; onDone: () => void }) {
  const attempt = activity.attempt ?? 1;
  const next = activity.nextAttemptScheduleTime;
  const interval = parseProtoDuration(activity.currentRetryInterval);
  return (
    <Section
      title={activity.activityType?.name ?? 'Activity'}
      actions={
        <>
          <Badge tone={activity.paused ? 'amber' : activity.state === 'PENDING_ACTIVITY_STATE_STARTED' ? 'blue' : 'grey'}>{words(activity.state, 'PENDING_ACTIVITY_STATE_')}</Badge>
          {attempt > 1 && <Badge tone="amber">attempt {attempt}</Badge>}
          <ActivityActions run={run} activity={activity} onDone={onDone} />
        </>
      }
    >
      <Facts className="px-3 py-2.5">
        <Fact name="Activity id">{activity.activityId}</Fact>
        <Fact name="Attempt">
          {attempt} {activity.maximumAttempts ? `of ${activity.maximumAttempts}` : 'of any number'}
        </Fact>
        <Fact name="Next try">{next ? <Countdown to={next} /> : <span className="text-ink-3">{activity.state === 'PENDING_ACTIVITY_STATE_STARTED' ? 'a worker has it' : activity.paused ? 'not while it is paused' : 'waits for a worker'}</span>}</Fact>
        {interval !== undefined && <Fact name="Retry interval">{humanDuration(interval)}</Fact>}
        <Fact name="Scheduled">
          <Time value={activity.scheduledTime} long />
        </Fact>
        <Fact name="Last started">
          <Time value={activity.lastStartedTime} long />
        </Fact>
        <Fact name="Last heartbeat">
          <Time value={activity.lastHeartbeatTime} long />
        </Fact>
        <Fact name="Expires">
          <Time value={activity.expirationTime} long />
        </Fact>
        <Fact name="Last worker">{activity.lastWorkerIdentity || <span className="text-ink-3">none yet</span>}</Fact>
      </Facts>
      {activity.pauseInfo && (
        <p className="border-t border-line bg-amber-soft px-3 py-1.5 text-amber">
          Paused by {activity.pauseInfo.manual?.identity || activity.pauseInfo.rule?.ruleId || 'someone'} since <Time value={activity.pauseInfo.pauseTime} long />
          {activity.pauseInfo.manual?.reason && `: ${activity.pauseInfo.manual.reason}`}
        </p>
      )}
      {activity.lastFailure && (
        <div className="border-t border-line">
          <p className="px-3 pt-2 text-xs font-semibold">Last failure</p>
          <FailureView failure={activity.lastFailure} />
        </div>
      )}
      {listOf(activity.heartbeatDetails).length > 0 && (
        <div className="border-t border-line">
          <p className="px-3 pt-2 text-xs font-semibold">Heartbeat details</p>
          <PayloadList payloads={activity.heartbeatDetails} label="Heartbeat details" none="" />
        </div>
      )}
    </Section>
  );
}

function Countdown({ to }: { to: string }) {
  const now = useNow();
  const left = Date.parse(to) - now;
  return <span title={to}>{left > 0 ? `in ${humanDuration(left)}` : 'now'}</span>;
}
