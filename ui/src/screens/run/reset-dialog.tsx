// Going back to an earlier point of a run.
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { HistoryEvent } from '../../api/messages';
import * as temporal from '../../api/temporal';
import { Tick } from '../../components/basics';
import { ActionDialog, Choice, Field } from '../../components/dialogs';
import { resetPoints } from '../../lib/reset';
import { useSettings } from '../../lib/settings';
import { fullTime } from '../../lib/time';
import type { DialogProps } from './dialogs';

/** Points that are offered: the newest. An older one is chosen at its event. */
const OFFERED = 300;

interface Props extends DialogProps {
  run: temporal.Run;
  events: HistoryEvent[];
  /** The event, or `last`. */
  point: string;
  onPoint: (point: string) => void;
}

export function ResetDialog({ run, events, point, onPoint, ...props }: Props) {
  const navigate = useNavigate();
  const { zone } = useSettings();
  const points = useMemo(() => resetPoints(events), [events]);
  const [reason, setReason] = useState('');
  const [signals, setSignals] = useState(true);
  const [updates, setUpdates] = useState(true);
  const chosen = points.find(({ id }) => String(id) === point) ?? points[0];
  const act = async () => {
    if (!chosen) throw new Error('No workflow task has been completed, so there is nothing to go back to.');
    const exclusions: temporal.ResetExclusion[] = [...(signals ? [] : ['RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL' as const]), ...(updates ? [] : ['RESET_REAPPLY_EXCLUDE_TYPE_UPDATE' as const])];
    return temporal.resetWorkflow(run, chosen.id, reason, exclusions);
  };
  const onDone = ({ runId }: { runId?: string }) => void navigate({ to: '/namespaces/$ns/workflows/$id/$run/$tab', params: { ns: run.namespace, id: run.workflowId, run: runId ?? '', tab: 'history' } });
  const offered = points.filter((each, index) => index < OFFERED || each === chosen);
  const options = offered.map(({ id, how, time, decided }) => ({ id: String(id), text: `Event ${id}: workflow task ${how}`, hint: [fullTime(time, zone), decided].filter(Boolean).join(' · ') }));
  return (
    <ActionDialog title="Reset" verb="Reset" danger act={act} onDone={onDone} {...props}>
      <p className="text-ink-2">A new run begins with the history up to the chosen workflow task, and decides there anew. This run is terminated if it goes on.</p>
      {chosen ? (
        <div>
          <Choice label="Back to" value={String(chosen.id)} onChange={onPoint} options={options} />
          {chosen.decided && <p className="mt-0.5 text-xs text-ink-3">Decided there: {chosen.decided}</p>}
        </div>
      ) : (
        <p className="text-amber">No workflow task has been completed, so there is nothing to go back to.</p>
      )}
      <Tick isSelected={signals} onChange={setSignals}>
        Send signals again that came later
      </Tick>
      <Tick isSelected={updates} onChange={setUpdates}>
        Send updates again that came later
      </Tick>
      <Field label="Reason" value={reason} onChange={setReason} autoFocus hint="Others read it in the history." />
    </ActionDialog>
  );
}
