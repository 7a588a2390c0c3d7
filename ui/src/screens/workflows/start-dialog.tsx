// Starting a workflow, anew or with the input of another run.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import * as temporal from '../../api/temporal';
import { ActionDialog, Field } from '../../components/dialogs';
import { argumentsOf } from '../../lib/payload';

interface Props {
  ns: string;
  isOpen: boolean;
  onClose: () => void;
  /** What the fields begin with. */
  like?: { workflowId: string; workflowType: string; taskQueue: string; input: string };
}

export function StartDialog({ ns, isOpen, onClose, like }: Props) {
  const navigate = useNavigate();
  const [workflowId, setWorkflowId] = useState(like?.workflowId ?? '');
  const [workflowType, setWorkflowType] = useState(like?.workflowType ?? '');
  const [taskQueue, setTaskQueue] = useState(like?.taskQueue ?? '');
  const [input, setInput] = useState(like?.input ?? '');
  const act = async () => {
    const id = workflowId.trim() || `${workflowType}-${temporal.requestId().slice(0, 8)}`;
    const { runId } = await temporal.startWorkflow(ns, { workflowId: id, workflowType, taskQueue, input: checkedInput(input) });
    return { id, run: runId ?? '' };
  };
  // After the dialog is closed: its closing may change the address, too.
  const onDone = ({ id, run }: { id: string; run: string }) => void navigate({ to: '/namespaces/$ns/workflows/$id/$run/$tab', params: { ns, id, run, tab: 'history' } });
  return (
    <ActionDialog title={like ? 'Start again with the same input' : 'Start a workflow'} isOpen={isOpen} onClose={onClose} verb="Start" act={act} onDone={onDone}>
      <Field label="Type" value={workflowType} onChange={setWorkflowType} isRequired autoFocus={!like} placeholder="Order" />
      <Field label="Task queue" value={taskQueue} onChange={setTaskQueue} isRequired placeholder="orders" hint="The queue that the workers poll." />
      <Field label="Workflow id" value={workflowId} onChange={setWorkflowId} hint="Empty: made of the type and a random part. An id whose run is not over is refused." />
      <InputField value={input} onChange={setInput} />
    </ActionDialog>
  );
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
