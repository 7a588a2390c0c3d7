// What is asked before something is done to many runs.
import { useState } from 'react';
import * as temporal from '../../api/temporal';
import { ActionDialog, Choice, Field } from '../../components/dialogs';
import { type Operation, requestOf, type Target } from '../../lib/batch';
import { plural } from '../../lib/words';
import { checkedInput, InputField } from './start-dialog';

const ABOUT: Record<Operation, { verb: string; text: string; danger: boolean; onlyOpen: boolean }> = {
  cancel: { verb: 'Request cancellation', text: 'Each workflow is told, and ends as its code wants: it may clean up first, or go on.', danger: false, onlyOpen: true },
  terminate: { verb: 'Terminate', text: 'Each run ends at once. Its code is not told, and cannot clean up.', danger: true, onlyOpen: true },
  signal: { verb: 'Send the signal', text: 'Each workflow gets the same signal.', danger: false, onlyOpen: true },
  reset: { verb: 'Reset', text: 'For each, a new run begins with the history up to the chosen workflow task. A run that goes on is terminated. Signals that came later are sent again.', danger: true, onlyOpen: false },
  delete: { verb: 'Delete', text: 'Each run and its history are removed for good. One that goes on is terminated first.', danger: true, onlyOpen: false },
};

const POINTS = [
  { id: 'last', text: 'The last workflow task', hint: 'What the workflow decided last is decided anew.' },
  { id: 'first', text: 'The first workflow task', hint: 'The workflow begins anew, with the same input.' },
];

interface Props {
  ns: string;
  operation: Operation;
  target: Target;
  onClose: () => void;
  onStarted: (job: string) => void;
}

export function BatchDialog({ ns, operation, target, onClose, onStarted }: Props) {
  const [reason, setReason] = useState('');
  const [job, setJob] = useState(temporal.requestId);
  const [rate, setRate] = useState('');
  const [signal, setSignal] = useState('');
  const [input, setInput] = useState('');
  const [point, setPoint] = useState('last');
  const { verb, text, danger, onlyOpen } = ABOUT[operation];
  const count = target.kind === 'some' ? target.runs.length : target.count;
  const act = async () => {
    const perSecond = rate.trim() === '' ? undefined : Number(rate);
    if (perSecond !== undefined && !(perSecond > 0)) throw new Error(`“${rate}” is no number of operations per second.`);
    const request = requestOf({ operation, target, reason, signal, input: operation === 'signal' ? checkedInput(input) : [], point: point as 'first' | 'last', rate: perSecond });
    await temporal.startBatch(ns, job, request);
    return job;
  };
  return (
    <ActionDialog title={`${verb}: ${count === undefined ? 'all that match' : plural(count, 'workflow')}`} verb={verb} danger={danger} isOpen onClose={onClose} act={act} onDone={onStarted}>
      <p className="text-ink-2">{text}</p>
      {target.kind === 'all' && (
        <div>
          <p className="text-ink-2">
            {target.query === '' ? 'All workflows of the namespace' : 'All workflows that this filter lets through'}
            {onlyOpen ? ', of those that go on' : ''}. Those that come while the operation goes on may be among them.
          </p>
          {target.query !== '' && <code className="block font-mono text-xs break-words text-ink-2">{target.query}</code>}
        </div>
      )}
      {operation === 'signal' && (
        <>
          <Field label="Signal" value={signal} onChange={setSignal} isRequired autoFocus />
          <InputField value={input} onChange={setInput} label="Arguments" />
        </>
      )}
      {operation === 'reset' && <Choice label="Back to" value={point} onChange={setPoint} options={POINTS} />}
      <Field label="Reason" value={reason} onChange={setReason} isRequired autoFocus={operation !== 'signal'} hint="Others read it on the operation's page." />
      <details>
        <summary className="w-fit cursor-pointer text-xs text-ink-2 hover:text-ink">More</summary>
        <div className="mt-2 space-y-3">
          <Field label="Id of the operation" value={job} onChange={setJob} isRequired mono />
          <Field label="Operations per second" value={rate} onChange={setRate} placeholder="the server's own" />
        </div>
      </details>
    </ActionDialog>
  );
}
