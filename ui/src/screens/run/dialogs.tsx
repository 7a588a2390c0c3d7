// What is asked before something is done to a run.
import { useState } from 'react';
import * as temporal from '../../api/temporal';
import { ActionDialog, Field } from '../../components/dialogs';
import { checkedInput, InputField } from '../workflows/start-dialog';

export interface DialogProps {
  isOpen: boolean;
  onClose: () => void;
}

export function SignalDialog({ run, onDone, ...props }: DialogProps & { run: temporal.Run; onDone: () => void }) {
  const [name, setName] = useState('');
  const [input, setInput] = useState('');
  return (
    <ActionDialog title="Send a signal" verb="Send" act={async () => temporal.signalWorkflow(run, name, checkedInput(input))} onDone={onDone} {...props}>
      <Field label="Signal" value={name} onChange={setName} isRequired autoFocus />
      <InputField value={input} onChange={setInput} label="Arguments" />
    </ActionDialog>
  );
}

export function UpdateDialog({ run, onDone, ...props }: DialogProps & { run: temporal.Run; onDone: () => void }) {
  const [name, setName] = useState('');
  const [input, setInput] = useState('');
  const act = async () => {
    const { outcome } = await temporal.updateWorkflow(run, name, checkedInput(input));
    // One that a validator refuses stands in no history: only this answer tells.
    if (outcome?.failure) throw new Error(`The workflow refuses it: ${outcome.failure.message ?? 'without a reason'}`);
  };
  return (
    <ActionDialog title="Send an update" verb="Send" act={act} onDone={onDone} {...props}>
      <p className="text-ink-2">A worker must be there to accept it. What it comes to stands in the timeline.</p>
      <Field label="Update" value={name} onChange={setName} isRequired autoFocus />
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

export function ReasonDialog({ title, verb, text, danger, act, onDone, ...props }: ReasonProps) {
  const [reason, setReason] = useState('');
  return (
    <ActionDialog title={title} verb={verb} danger={danger ?? false} act={() => act(reason)} onDone={onDone} {...props}>
      <p className="text-ink-2">{text}</p>
      <Field label="Reason" value={reason} onChange={setReason} autoFocus hint="Others read it in the history." />
    </ActionDialog>
  );
}
