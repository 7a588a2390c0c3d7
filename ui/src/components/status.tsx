// A run's status, in colour and in words.
import { words } from '../lib/words';
import { Badge, classes } from './basics';

type Tone = 'blue' | 'green' | 'red' | 'amber' | 'violet' | 'grey';

const TONES: Record<string, Tone> = {
  Running: 'blue',
  Completed: 'green',
  Failed: 'red',
  'Timed out': 'amber',
  Canceled: 'grey',
  Terminated: 'violet',
  'Continued as new': 'grey',
  Paused: 'amber',
};

export const statusWords = (status: string | undefined): string => words(status, 'WORKFLOW_EXECUTION_STATUS_') || 'Unknown';

const DOTS: Record<Tone, string> = { blue: 'bg-blue', green: 'bg-green', red: 'bg-red', amber: 'bg-amber', violet: 'bg-violet', grey: 'bg-ink-3' };

export function Dot({ status }: { status: string }) {
  const tone = TONES[status] ?? 'grey';
  return <span aria-hidden="true" className={classes('size-1.5 shrink-0 rounded-full', DOTS[tone])} />;
}

/** `status` as the API has it. */
export function Status({ status }: { status: string | undefined }) {
  const text = statusWords(status);
  return (
    <Badge tone={TONES[text] ?? 'grey'}>
      <Dot status={text} />
      {text}
    </Badge>
  );
}
