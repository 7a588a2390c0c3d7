// Payloads as people can read them: those that a codec has made go by the codec server first, if there is one.
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { Payload } from '../api/messages';
import { batching, decodeBy, fingerprint, isEncoded } from '../lib/codec';
import { codecToken } from '../lib/codec-token';
import { settings, useSettings } from '../lib/settings';

const decoders = new Map<string, (payload: Payload) => Promise<Payload>>();

function decoderOf(namespace: string): (payload: Payload) => Promise<Payload> {
  let decoder = decoders.get(namespace);
  if (!decoder) {
    decoder = batching((payloads) => decodeBy(settings().codec, namespace, codecToken(), payloads));
    decoders.set(namespace, decoder);
  }
  return decoder;
}

export interface Readable {
  payload: unknown;
  /** `encoded`: it cannot be read, as there is no codec server, or it has failed. */
  state: 'plain' | 'encoded' | 'decoding' | 'decoded';
  error: Error | null;
  retry: () => void;
}

export function useDecoded(payload: unknown): Readable {
  const { ns } = useParams({ strict: false });
  const stored = useSettings();
  const namespace = ns ?? stored.namespace;
  const encoded = isEncoded(payload);
  const isAsked = encoded && stored.codec.url !== '';
  const query = useQuery({
    queryKey: ['decoded', stored.codec, namespace, encoded ? fingerprint(payload) : ''],
    queryFn: () => decoderOf(namespace)(payload as Payload),
    enabled: isAsked,
    staleTime: Infinity,
    retry: false,
    refetchOnWindowFocus: false,
  });
  const retry = () => void query.refetch();
  if (!encoded) return { payload, state: 'plain', error: null, retry };
  if (!isAsked) return { payload, state: 'encoded', error: null, retry };
  if (query.data) return { payload: query.data, state: 'decoded', error: null, retry };
  return { payload, state: query.isFetching ? 'decoding' : 'encoded', error: query.isFetching ? null : query.error, retry };
}
