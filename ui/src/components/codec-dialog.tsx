// Where the codec server is, and what it gets to know.
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { originOf, problemOf } from '../lib/codec';
import { codecToken, keepToken, permitCodec } from '../lib/codec-token';
import { change, keep, useSettings } from '../lib/settings';
import { Tick } from './basics';
import { ActionDialog, Field } from './dialogs';

export function CodecDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { codec } = useSettings();
  const queries = useQueryClient();
  const [url, setUrl] = useState(codec.url);
  const [passToken, setPassToken] = useState(codec.passToken);
  const [withCredentials, setWithCredentials] = useState(codec.withCredentials);
  const [token, setToken] = useState(codecToken);
  const act = async () => {
    const next = { url: url.trim(), passToken, withCredentials };
    const wrong = problemOf(next);
    if (wrong) throw new Error(wrong);
    keepToken(passToken ? token.trim() : '');
    if (permitCodec(next.url) && next.url !== '' && originOf(next.url) !== location.origin) {
      // The page is permitted to ask another server by a header that comes with the page. Until then it does not ask.
      keep({ codec: next });
      location.reload();
      return;
    }
    change({ codec: next });
    await queries.resetQueries({ queryKey: ['decoded'] });
  };
  return (
    <ActionDialog title="Codec server" verb="Save" isOpen={isOpen} onClose={onClose} act={act}>
      <p className="text-ink-2">
        Payloads that your workers encrypt or compress are sent to it by this browser, to be shown readable. klamm does not get to see them so. Payloads that can be read anyway are not sent.
      </p>
      <Field label="Address" value={url} onChange={setUrl} placeholder="https://codec.example.com/{namespace}" autoFocus hint={<>The page asks POST …/decode. {'{namespace}'} stands for the namespace. Empty: no codec server.</>} />
      <Tick isSelected={passToken} onChange={setPassToken}>
        Pass an access token (Authorization: Bearer …)
      </Tick>
      {passToken && <Field label="Access token" value={token} onChange={setToken} type="password" hint="It stays in this tab until the tab is closed." />}
      <Tick isSelected={withCredentials} onChange={setWithCredentials}>
        Send cookies of the codec server's site
      </Tick>
    </ActionDialog>
  );
}
