// What people do to a schedule.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import * as temporal from '../../api/temporal';
import type { BackfillRequest, SchedulePatch } from '../../api/messages';
import { Button } from '../../components/basics';
import { ActionDialog, Choice, Field, Menu, useDialogs } from '../../components/dialogs';
import { OVERLAPS } from '../../lib/schedule';
import { fullTime, instantIn, typedIn, zoneName } from '../../lib/time';
import { useSettings } from '../../lib/settings';
import { plural } from '../../lib/words';

interface Props {
  ns: string;
  id: string;
  paused: boolean;
  onDone: () => void;
  onDeleted: () => void;
}

export function ScheduleActions({ ns, id, paused, onDone, onDeleted }: Props) {
  const dialogs = useDialogs<'pause' | 'trigger' | 'backfill' | 'delete'>();
  const patch = (content: SchedulePatch) => temporal.patchSchedule(ns, id, content);
  return (
    <>
      <Button icon={paused ? 'play' : 'pause'} onPress={() => dialogs.show('pause')}>
        {paused ? 'Unpause' : 'Pause'}
      </Button>
      <Button onPress={() => dialogs.show('trigger')}>Trigger</Button>
      <Menu
        label="More actions"
        entries={[
          { id: 'backfill', text: 'Backfill…', icon: 'refresh', onAction: () => dialogs.show('backfill') },
          { id: 'delete', text: 'Delete…', icon: 'bin', danger: true, onAction: () => dialogs.show('delete') },
        ]}
      >
        <Button icon="more" aria-label="More actions" />
      </Menu>
      <PauseDialog key={String(paused)} paused={paused} patch={patch} onDone={onDone} {...dialogs.props('pause')} />
      <TriggerDialog patch={patch} onDone={onDone} {...dialogs.props('trigger')} />
      <BackfillDialog ns={ns} id={id} patch={patch} onDone={onDone} {...dialogs.props('backfill')} />
      <ActionDialog title={`Delete ${id}`} verb="Delete" danger act={() => temporal.deleteSchedule(ns, id)} onDone={onDeleted} {...dialogs.props('delete')}>
        <p className="text-ink-2">It starts no further run. Runs that go on are left alone.</p>
      </ActionDialog>
    </>
  );
}

interface DialogProps {
  isOpen: boolean;
  onClose: () => void;
  onDone: () => void;
  patch: (content: SchedulePatch) => Promise<unknown>;
}

function PauseDialog({ paused, patch, ...props }: DialogProps & { paused: boolean }) {
  const [note, setNote] = useState('');
  const verb = paused ? 'Unpause' : 'Pause';
  const text = note.trim() || `${verb}d in the web UI`;
  return (
    <ActionDialog title={`${verb} the schedule`} verb={verb} act={() => patch(paused ? { unpause: text } : { pause: text })} {...props}>
      <p className="text-ink-2">
        {paused ? 'It starts runs again from its next time on.' : 'It starts no runs until it is unpaused. Its times go on, and are told as paused in the audit.'}
      </p>
      <Field label="Note" value={note} onChange={setNote} autoFocus hint="Why; others read it on the schedule's page." />
    </ActionDialog>
  );
}

const ASKED = [{ id: 'UNSPECIFIED', text: "The schedule's own", hint: 'What the schedule says about runs that overlap.' }, ...OVERLAPS];

type Overlap = NonNullable<BackfillRequest['overlapPolicy']>;
const policy = (id: string) => `SCHEDULE_OVERLAP_POLICY_${id}` as Overlap;

function TriggerDialog({ patch, ...props }: DialogProps) {
  const [overlap, setOverlap] = useState('UNSPECIFIED');
  return (
    <ActionDialog title="Start a run now" verb="Trigger" act={() => patch({ triggerImmediately: { overlapPolicy: policy(overlap) } })} {...props}>
      <Choice label="If one goes on" value={overlap} onChange={setOverlap} options={ASKED} />
    </ActionDialog>
  );
}

function BackfillDialog({ ns, id, patch, ...props }: DialogProps & { ns: string; id: string }) {
  const { zone } = useSettings();
  const [from, setFrom] = useState(() => typedIn(zone, new Date(Date.now() - 3_600_000)));
  const [to, setTo] = useState(() => typedIn(zone, new Date()));
  const [overlap, setOverlap] = useState('ALLOW_ALL');
  const [start, end] = [instantIn(zone, from)?.toISOString(), instantIn(zone, to)?.toISOString()];
  const problem = !start || !end ? 'A time is missing.' : start > end ? 'The end is before the start.' : undefined;
  const preview = useQuery({
    queryKey: ['backfill', ns, id, start, end],
    queryFn: ({ signal }) => temporal.matchingTimes(ns, id, start!, end!, signal),
    enabled: props.isOpen && problem === undefined,
    retry: false,
  });
  const times = preview.data?.startTime ?? [];
  const act = () => {
    if (problem) throw new Error(problem);
    return patch({ backfillRequest: [{ startTime: start!, endTime: end!, overlapPolicy: policy(overlap) }] });
  };
  return (
    <ActionDialog title="Backfill" verb="Backfill" act={async () => act()} {...props}>
      <p className="text-ink-2">Runs are started for the times that the schedule names between two instants, as if it were then.</p>
      <div className="grid grid-cols-2 gap-3">
        <Field label={`From, ${zoneName(zone)}`} type="datetime-local" value={from} onChange={setFrom} isRequired />
        <Field label={`To, ${zoneName(zone)}`} type="datetime-local" value={to} onChange={setTo} isRequired error={problem} />
      </div>
      <Choice label="When runs overlap" value={overlap} onChange={setOverlap} options={ASKED} />
      <div className="card max-h-48 overflow-auto px-3 py-2" tabIndex={0} role="region" aria-label="Times of the backfill">
        <p className="font-semibold">{preview.isFetching ? 'Looking for the times…' : `${plural(times.length, 'run')} will be started`}</p>
        {preview.error && <p className="text-red">{preview.error.message}</p>}
        <ul className="text-ink-2">
          {times.slice(0, 100).map((time) => (
            <li key={time}>{fullTime(time, zone)}</li>
          ))}
        </ul>
        {times.length > 100 && <p className="text-ink-3">and {times.length - 100} more</p>}
      </div>
    </ActionDialog>
  );
}
