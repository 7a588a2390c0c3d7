// The box in which filters are typed, with help for Temporal's filter language.
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { suggest, type Suggestion } from '../lib/filter';
import { classes } from './basics';
import { Icon } from './icons';

interface Props {
  value: string;
  onSubmit: (filter: string) => void;
  /** Search attributes with their types. */
  attributes: Record<string, string>;
  placeholder: string;
}

export function FilterBox({ value, onSubmit, attributes, placeholder }: Props) {
  const [text, setText] = useState(value);
  const [cursor, setCursor] = useState(value.length);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => setText(value), [value]);
  const { start, end, list } = suggest(text, cursor, attributes, new Date());
  const isOpen = open && list.length > 0;

  const accept = ({ text: chosen }: Suggestion) => {
    const space = chosen.endsWith('(') ? '' : ' ';
    const next = text.slice(0, start) + chosen + space + text.slice(end);
    const place = start + chosen.length + space.length;
    // At once: what is typed before the next frame would come first, and then go on at the wrong place.
    flushSync(() => {
      setText(next);
      setCursor(place);
      setActive(-1);
    });
    input.current?.focus();
    input.current?.setSelectionRange(place, place);
  };
  const submit = () => {
    setOpen(false);
    onSubmit(text.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && isOpen) {
      setOpen(false);
      event.stopPropagation();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!isOpen) return setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((active + step + list.length + (active === -1 && step === -1 ? 1 : 0)) % list.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const chosen = isOpen ? list[active] : undefined;
      if (chosen) accept(chosen);
      else submit();
    } else if (event.key === 'Tab' && isOpen && active >= 0) {
      event.preventDefault();
      accept(list[active]!);
    }
  };
  return (
    <div className="relative min-w-0 flex-1" onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)}>
      <span className="pointer-events-none absolute top-2 left-2.5 text-ink-3">
        <Icon name="search" />
      </span>
      <input
        ref={input}
        role="combobox"
        aria-label="Filter"
        aria-expanded={isOpen}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(isOpen && active >= 0 ? { 'aria-activedescendant': `${id}-${active}` } : {})}
        spellCheck={false}
        autoComplete="off"
        data-filter=""
        placeholder={placeholder}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setCursor(event.target.selectionStart ?? event.target.value.length);
          setActive(-1);
          setOpen(true);
        }}
        onSelect={(event) => setCursor(event.currentTarget.selectionStart ?? text.length)}
        onFocus={() => setOpen(true)}
        onKeyDown={onKeyDown}
        className="h-8 w-full rounded-md border border-line-strong bg-surface pr-8 pl-8 font-mono text-xs outline-none placeholder:font-sans placeholder:text-sm placeholder:text-ink-3 focus:border-accent focus:ring-1 focus:ring-accent"
      />
      {text !== '' && (
        <button
          type="button"
          aria-label="Clear the filter"
          className="absolute top-1 right-1 flex size-6 items-center justify-center rounded text-ink-3 hover:bg-hover hover:text-ink"
          onClick={() => {
            setText('');
            setCursor(0);
            onSubmit('');
          }}
        >
          <Icon name="cross" />
        </button>
      )}
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label="Suggestions"
        hidden={!isOpen}
        className="absolute top-9 left-0 z-20 max-h-80 w-full max-w-md overflow-auto rounded-lg border border-line bg-raised p-1 shadow-pop"
      >
        {list.map((suggestion, index) => (
          <li
            key={suggestion.text}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            // Before the box loses the focus.
            onMouseDown={(event) => {
              event.preventDefault();
              accept(suggestion);
            }}
            className={classes('flex cursor-pointer items-baseline gap-3 rounded px-2 py-1', index === active ? 'bg-hover' : 'hover:bg-hover')}
          >
            <span className="font-mono text-xs">{suggestion.text}</span>
            <span className="ml-auto text-xs text-ink-3">{suggestion.hint}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
