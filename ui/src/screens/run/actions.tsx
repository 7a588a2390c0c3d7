// What people do to a run.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { DescribeWorkflowExecutionResponse, HistoryEvent } from '../../api/messages';
import * as temporal from '../../api/temporal';
import { Button } from '../../components/basics';
import { ActionDialog, Choice, Field, Menu, useDialogs } from '../../components/dialogs';
import { attributesOf, idOf } from '../../lib/history';
import { decode, listOf } from '../../lib/payload';
import { fullTime } from '../../lib/time';
import { useSettings } from '../../lib/settings';
import { checkedInput, InputField, StartDialog } from '../workflows/start-dialog';

interface Props {
  run: temporal.Run;
  described: DescribeWorkflowExecutionResponse;
  events: HistoryEvent[];
  onDone: () => void;
}

type Name = 'signal' | 'cancel' | 'terminate' | 'reset' | 'again';

export function Actions({ run, described, events, onDone }: Props) {
  const dialogs = useDialogs<Name>();
  const isRunning = described.workflowExecutionInfo?.status === 'WORKFLOW_EXECUTION_STATUS_RUNNING';
  const requested = described.workflowExtendedInfo?.cancelRequested;
  const entries = [
    ...(isRunning ? [{ id: 'terminate', text: 'Terminate…', icon: 'stop' as const, danger: true, onAction: () => dialogs.show('terminate') }] : []),
    { id: 'reset', text: 'Reset…', icon: 'refresh' as const, onAction: () => dialogs.show('reset') },
    { id: 'again', text: 'Start again…', icon: 'play' as const, onAction: () => dialogs.show('again') },
  ];
  return (
    <div className="flex gap-1.5">
      {isRunning && (
        <>
          <Button icon="signal" onPress={() => dialogs.show('signal')}>
            Signal
          </Button>
          <Button isDisabled={requested ?? false} onPress={() => dialogs.show('cancel')}>
            {requested ? 'Cancel requested' : 'Cancel'}
          </Button>
        </>
      )}
      {!isRunning && (
        <Button icon="play" onPress={() => dialogs.show('again')}>
          Start again
        </Button>
      )}
      <Menu label="More actions" entries={isRunning ? entries : entries.filter(({ id }) => id !== 'again')}>
        <Button icon="more" aria-label="More actions" />
      </Menu>
      <SignalDialog run={run} onDone={onDone} {...dialogs.props('signal')} />
      <ReasonDialog
        title="Request cancellation"
        verb="Request cancellation"
        text="The workflow is told, and ends as its code wants: it may clean up first, or go on."
        act={(reason) => temporal.cancelWorkflow(run, reason)}
        onDone={onDone}
        {...dialogs.props('cancel')}
      />
      <ReasonDialog
        title="Terminate"
        verb="Terminate"
        danger
        text="The run ends at once. Its code is not told, and cannot clean up."
        act={(reason) => temporal.terminateWorkflow(run, reason)}
        onDone={onDone}
        {...dialogs.props('terminate')}
      />
      <ResetDialog run={run} events={events} {...dialogs.props('reset')} />
      {dialogs.open === 'again' && <StartDialog ns={run.namespace} like={like(run, described, events)} {...dialogs.props('again')} />}
    </div>
  );
}

function like(run: temporal.Run, described: DescribeWorkflowExecutionResponse, events: HistoryEvent[]) {
  const info = described.workflowExecutionInfo ?? {};
  const input = listOf(attributesOf(events[0] ?? {}).input).map((payload) => {
    const decoded = decode(payload);
    return decoded.kind === 'json' || decoded.kind === 'null' ? JSON.stringify(decoded.value) : JSON.stringify(decoded.text);
  });
  return { workflowId: run.workflowId, workflowType: info.type?.name ?? '', taskQueue: info.taskQueue ?? '', input: input.join('\n') };
}

interface DialogProps {
  isOpen: boolean;
  onClose: () => void;
}

function SignalDialog({ run, onDone, ...props }: DialogProps & { run: temporal.Run; onDone: () => void }) {
  const [name, setName] = useState('');
  const [input, setInput] = useState('');
  return (
    <ActionDialog title="Send a signal" verb="Send" act={async () => temporal.signalWorkflow(run, name, checkedInput(input))} onDone={onDone} {...props}>
      <Field label="Signal" value={name} onChange={setName} isRequired autoFocus />
      <InputField value={input} onChange={setInput} label="Arguments" />
    </ActionDialog>
  );
}

interface ReasonProps extends DialogProps {
  title: string;
  verb: string;
  text: string;
  danger?: boolean;
  act: (reason: string) => Promise<unknown>;
  onDone: () => void;
}

function ReasonDialog({ title, verb, text, danger, act, onDone, ...props }: ReasonProps) {
  const [reason, setReason] = useState('');
  return (
    <ActionDialog title={title} verb={verb} danger={danger ?? false} act={() => act(reason)} onDone={onDone} {...props}>
      <p className="text-ink-2">{text}</p>
      <Field label="Reason" value={reason} onChange={setReason} autoFocus hint="Others read it in the history." />
    </ActionDialog>
  );
}

function ResetDialog({ run, events, ...props }: DialogProps & { run: temporal.Run; events: HistoryEvent[] }) {
  const navigate = useNavigate();
  const { zone } = useSettings();
  const points = events.filter((event) => /WORKFLOW_TASK_(COMPLETED|FAILED|TIMED_OUT)$/.test(event.eventType ?? ''));
  const [point, setPoint] = useState('');
  const [reason, setReason] = useState('');
  const chosen = point || String(points.at(-1)?.eventId ?? '');
  const act = async () => {
    const { runId } = await temporal.resetWorkflow(run, Number(chosen), reason);
    await navigate({ to: '/namespaces/$ns/workflows/$id/$run/$tab', params: { ns: run.namespace, id: run.workflowId, run: runId ?? '', tab: 'history' } });
  };
  const options = points.map((event) => ({ id: String(idOf(event)), text: `After event ${idOf(event) - 1}`, hint: fullTime(event.eventTime ?? '', zone) }));
  return (
    <ActionDialog title="Reset" verb="Reset" danger act={act} {...props}>
      <p className="text-ink-2">A new run begins with the history up to the chosen workflow task. This run is terminated if it goes on. Signals that came later are sent again.</p>
      {options.length > 0 ? (
        <Choice label="Back to" value={chosen} onChange={setPoint} options={options} />
      ) : (
        <p className="text-amber">No workflow task has been completed, so there is nothing to go back to.</p>
      )}
      <Field label="Reason" value={reason} onChange={setReason} hint="Others read it in the history." />
    </ActionDialog>
  );
}
