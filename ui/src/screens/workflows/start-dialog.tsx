// Starting a workflow, anew or with the input of another run.
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { Payload } from '../../api/messages';
import * as temporal from '../../api/temporal';
import { ActionDialog, Field } from '../../components/dialogs';
import { isEncoded } from '../../lib/codec';
import { argumentsOf, decode, listOf } from '../../lib/payload';

interface Props {
  ns: string;
  isOpen: boolean;
  onClose: () => void;
  /** What the fields begin with. */
  like?: { workflowId: string; workflowType: string; taskQueue: string; input: unknown };
}

export function StartDialog({ ns, isOpen, onClose, like }: Props) {
  const navigate = useNavigate();
  const [workflowId, setWorkflowId] = useState(like?.workflowId ?? '');
  const [workflowType, setWorkflowType] = useState(like?.workflowType ?? '');
  const [taskQueue, setTaskQueue] = useState(like?.taskQueue ?? '');
  const before = useMemo(() => listOf(like?.input), [like?.input]);
  const isReadable = before.every((payload) => !isEncoded(payload));
  const text = useMemo(() => (isReadable ? before.map(inputText).join('\n') : ''), [before, isReadable]);
  const [input, setInput] = useState(text);
  const act = async () => {
    const id = workflowId.trim() || `${workflowType}-${temporal.requestId().slice(0, 8)}`;
    // What is not changed is sent as it was: a codec's payloads, and numbers that JavaScript cannot hold.
    const payloads = like && input === text ? (before as Payload[]) : checkedInput(input);
    const { runId } = await temporal.startWorkflow(ns, { workflowId: id, workflowType, taskQueue, input: payloads });
    return { id, run: runId ?? '' };
  };
  // After the dialog is closed: its closing may change the address, too.
  const onDone = ({ id, run }: { id: string; run: string }) => void navigate({ to: '/namespaces/$ns/workflows/$id/$run/$tab', params: { ns, id, run, tab: 'history' } });
  return (
    <ActionDialog title={like ? 'Start again with the same input' : 'Start a workflow'} isOpen={isOpen} onClose={onClose} verb="Start" act={act} onDone={onDone}>
      <Field label="Type" value={workflowType} onChange={setWorkflowType} isRequired autoFocus={!like} placeholder="Order" />
      <Field label="Task queue" value={taskQueue} onChange={setTaskQueue} isRequired placeholder="orders" hint="The queue that the workers poll." />
      <Field label="Workflow id" value={workflowId} onChange={setWorkflowId} hint="Empty: made of the type and a random part. An id whose run is not over is refused." />
      {!isReadable && <p className="text-ink-2">The input is encoded by a codec. It is used again as it is, unless another one is typed here.</p>}
      <InputField value={input} onChange={setInput} />
    </ActionDialog>
  );
}

/** A payload as it is typed. */
function inputText(payload: unknown): string {
  const decoded = decode(payload);
  return JSON.stringify(decoded.kind === 'json' || decoded.kind === 'null' ? decoded.value : decoded.text);
}

export function InputField({ value, onChange, label = 'Input' }: { value: string; onChange: (value: string) => void; label?: string }) {
  return (
    <Field label={label} value={value} onChange={onChange} lines={5} mono placeholder={'{"id": 17}'} hint="JSON: one value, or one per line for several arguments. Empty: none." />
  );
}

/** What was typed as payloads; throws what the dialog shows. */
export function checkedInput(text: string) {
  try {
    return argumentsOf(text);
  } catch (error) {
    throw new Error(`The input is not JSON: ${(error as Error).message}. A text stands in double quotes.`);
  }
}
