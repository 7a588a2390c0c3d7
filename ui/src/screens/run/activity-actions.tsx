// What people do to an activity that goes on.
import { useState } from 'react';
import type { PendingActivityInfo } from '../../api/messages';
import * as temporal from '../../api/temporal';
import { Button, Tick } from '../../components/basics';
import { ActionDialog, Field, Menu, useDialogs } from '../../components/dialogs';
import { changedOptions, type OptionsForm, optionsForm } from '../../lib/activity-options';
import { type DialogProps, ReasonDialog } from './dialogs';

interface Props {
  run: temporal.Run;
  activity: PendingActivityInfo;
  onDone: () => void;
}

export function ActivityActions({ run, activity, onDone }: Props) {
  const dialogs = useDialogs<'pause' | 'unpause' | 'reset' | 'options'>();
  const id = activity.activityId ?? '';
  return (
    <>
      {activity.paused ? (
        <Button icon="play" onPress={() => dialogs.show('unpause')}>
          Unpause
        </Button>
      ) : (
        <Button icon="pause" onPress={() => dialogs.show('pause')}>
          Pause
        </Button>
      )}
      <Menu
        label={`More actions of activity ${id}`}
        entries={[
          { id: 'reset', text: 'Reset…', icon: 'refresh', onAction: () => dialogs.show('reset') },
          { id: 'options', text: 'Options…', icon: 'settings', onAction: () => dialogs.show('options') },
        ]}
      >
        <Button icon="more" aria-label={`More actions of activity ${id}`} />
      </Menu>
      <ReasonDialog
        title="Pause the activity"
        verb="Pause"
        text="No further attempt begins until it is unpaused. An attempt that a worker has goes on; the worker is told by its next heartbeat."
        act={(reason) => temporal.pauseActivity(run, id, reason)}
        onDone={onDone}
        {...dialogs.props('pause')}
      />
      <ReasonDialog title="Unpause the activity" verb="Unpause" text="Its next attempt begins at once." act={(reason) => temporal.unpauseActivity(run, id, reason)} onDone={onDone} {...dialogs.props('unpause')} />
      {dialogs.open === 'reset' && <ResetDialog run={run} activity={activity} onDone={onDone} {...dialogs.props('reset')} />}
      {dialogs.open === 'options' && <OptionsDialog run={run} activity={activity} onDone={onDone} {...dialogs.props('options')} />}
    </>
  );
}

function ResetDialog({ run, activity, ...props }: Props & DialogProps) {
  const [keepPaused, setKeepPaused] = useState(activity.paused ?? false);
  const [resetHeartbeat, setResetHeartbeat] = useState(false);
  const [restoreOriginalOptions, setRestore] = useState(false);
  return (
    <ActionDialog title="Reset the activity" verb="Reset" act={() => temporal.resetActivity(run, activity.activityId ?? '', { keepPaused, resetHeartbeat, restoreOriginalOptions })} {...props}>
      <p className="text-ink-2">It is tried again as if for the first time: attempts are counted anew, and it does not wait for its next try.</p>
      {activity.paused && (
        <Tick isSelected={keepPaused} onChange={setKeepPaused}>
          It stays paused
        </Tick>
      )}
      <Tick isSelected={resetHeartbeat} onChange={setResetHeartbeat}>
        Forget the details of its last heartbeat
      </Tick>
      <Tick isSelected={restoreOriginalOptions} onChange={setRestore}>
        Take back changes of its options
      </Tick>
    </ActionDialog>
  );
}

function OptionsDialog({ run, activity, ...props }: Props & DialogProps) {
  const [before] = useState(() => optionsForm(activity.activityOptions));
  const [form, setForm] = useState(before);
  const field = (name: keyof OptionsForm, label: string, placeholder: string) => (
    <Field label={label} value={form[name]} onChange={(value) => setForm((old) => ({ ...old, [name]: value }))} placeholder={placeholder} />
  );
  const act = async () => {
    const { options, mask } = changedOptions(before, form);
    if (mask === '') return;
    await temporal.updateActivityOptions(run, activity.activityId ?? '', options, mask);
  };
  return (
    <ActionDialog title={`Options of ${activity.activityType?.name ?? 'the activity'}`} verb="Save" act={act} {...props}>
      <p className="text-ink-2">They hold from the next attempt on, for this activity alone. A reset of the activity can take them back.</p>
      {field('taskQueue', 'Task queue', '')}
      <div className="grid gap-3 sm:grid-cols-2">
        {field('startToClose', 'Longest attempt', 'no limit')}
        {field('scheduleToClose', 'Longest with all attempts', 'no limit')}
        {field('scheduleToStart', 'Longest wait for a worker', 'no limit')}
        {field('heartbeat', 'Longest between heartbeats', 'no limit')}
        {field('firstInterval', 'First retry after', '1s')}
        {field('backoff', 'Growth of the interval', '2')}
        {field('longestInterval', 'Longest interval', '100 times the first')}
        {field('attempts', 'Attempts at most', 'any number')}
      </div>
    </ActionDialog>
  );
}
