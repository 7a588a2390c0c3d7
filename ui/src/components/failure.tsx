// A failure with all its causes: the one that it all began with comes first, because that is what people look for.
import type { Failure } from '../api/messages';
import { causes, failureKind } from '../lib/history';
import { decode, listOf } from '../lib/payload';
import { Copy } from './basics';
import { Code, PayloadList } from './payloads';
import { useDecoded } from './use-decoded';

export function FailureView({ failure }: { failure: Failure }) {
  const chain = causes(failure).reverse();
  return (
    <ol className="divide-y divide-red/15">
      {chain.map((each, index) => (
        <Cause key={index} failure={each} position={index} count={chain.length} />
      ))}
    </ol>
  );
}

/** Message and stack trace of a failure. Where the worker encodes them, they stand in a payload. */
function useTexts({ message, stackTrace, encodedAttributes }: Failure): { message: string | undefined; stackTrace: string | undefined; problem: Error | null } {
  const { payload, error } = useDecoded(encodedAttributes);
  const decoded = encodedAttributes ? (decode(payload).value as { message?: string; stack_trace?: string } | null | undefined) : undefined;
  return { message: decoded?.message ?? message, stackTrace: decoded?.stack_trace ?? stackTrace, problem: error };
}

function Cause({ failure: each, position: index, count }: { failure: Failure; position: number; count: number }) {
  const { message, stackTrace, problem } = useTexts(each);
  const details = each.applicationFailureInfo?.details ?? each.canceledFailureInfo?.details ?? each.timeoutFailureInfo?.lastHeartbeatDetails;
  const lastRetry = retryWords(each.activityFailureInfo?.retryState ?? each.childWorkflowExecutionFailureInfo?.retryState);
  return (
    <li className="px-3 py-2">
      <div className="flex items-baseline gap-2">
        <span className="shrink-0 font-semibold text-red">{failureKind(each)}</span>
        <span className="min-w-0 break-words">{message}</span>
        {message && <Copy text={message} what="the message" className="ml-auto self-center" />}
      </div>
      <p className="text-xs text-ink-2">
        {[index === 0 && count > 1 && 'root cause', index > 0 && 'which led to this', each.applicationFailureInfo?.nonRetryable && 'not retried', lastRetry, each.source]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {problem && <p className="text-xs text-amber">{problem.message}</p>}
      {listOf(details).length > 0 && (
        <div className="card mt-1.5">
          <PayloadList payloads={details} label="Details of the failure" none="" />
        </div>
      )}
      {stackTrace && (
        <details className="mt-1">
          <summary className="w-fit cursor-pointer text-xs text-ink-2 hover:text-ink">Stack trace</summary>
          <div className="card mt-1">
            <Code text={stackTrace} label="Stack trace" />
          </div>
        </details>
      )}
    </li>
  );
}

const retryWords = (state: string | undefined): string => {
  switch (state) {
    case 'RETRY_STATE_NON_RETRYABLE_FAILURE':
      return 'no retry: the failure is not retryable';
    case 'RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED':
      return 'no retry: that was the last attempt';
    case 'RETRY_STATE_TIMEOUT':
      return 'no retry: the time was over';
    case 'RETRY_STATE_RETRY_POLICY_NOT_SET':
      return 'no retry: there is no retry policy';
    case 'RETRY_STATE_CANCEL_REQUESTED':
      return 'no retry: it was to be cancelled';
    default:
      return '';
  }
};
