// Dialogs, menus and fields, on React Aria.
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import {
  Dialog as AriaDialog,
  Heading,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Menu as AriaMenu,
  MenuItem,
  MenuTrigger,
  Modal,
  ModalOverlay,
  Popover,
  Select as AriaSelect,
  SelectValue,
  Text,
  TextArea,
  TextField,
  Button as AriaButton,
} from 'react-aria-components';
import { Button, classes } from './basics';
import { Icon, type IconName } from './icons';

const FIELD = 'w-full rounded-md border border-line-strong bg-surface px-2 py-1 text-sm text-ink outline-none placeholder:text-ink-3 focus:border-accent focus:ring-1 focus:ring-accent data-invalid:border-red';

export interface FieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: ReactNode;
  error?: string | undefined;
  lines?: number;
  mono?: boolean;
  placeholder?: string;
  isRequired?: boolean;
  isReadOnly?: boolean;
  type?: string;
  autoFocus?: boolean;
}

export function Field({ label, value, onChange, hint, error, lines, mono, placeholder, isRequired, isReadOnly, type, autoFocus }: FieldProps) {
  const className = classes(FIELD, mono && 'font-mono text-xs', isReadOnly && 'bg-sunken');
  return (
    <TextField value={value} onChange={onChange} isInvalid={error !== undefined} isRequired={isRequired ?? false} isReadOnly={isReadOnly ?? false} autoFocus={autoFocus ?? false} {...(type ? { type } : {})} className="block">
      <Label className="mb-0.5 block text-xs font-medium text-ink-2">{label}</Label>
      {lines ? (
        <TextArea rows={lines} spellCheck={false} placeholder={placeholder} className={className} />
      ) : (
        <Input spellCheck={false} autoComplete="off" step={type === 'datetime-local' ? 1 : undefined} placeholder={placeholder} className={classes(className, 'h-8')} />
      )}
      {error ? (
        <Text slot="description" className="mt-0.5 block text-xs text-red">
          {error}
        </Text>
      ) : (
        hint && (
          <Text slot="description" className="mt-0.5 block text-xs text-ink-3">
            {hint}
          </Text>
        )
      )}
    </TextField>
  );
}

export interface Option {
  id: string;
  text: string;
  hint?: string;
}

export function Choice({ label, value, onChange, options, hidden }: { label: string; value: string; onChange: (id: string) => void; options: Option[]; hidden?: boolean }) {
  return (
    <AriaSelect selectedKey={value} onSelectionChange={(key) => key !== null && onChange(String(key))} aria-label={hidden ? label : undefined} className="block min-w-0">
      {!hidden && <Label className="mb-0.5 block text-xs font-medium text-ink-2">{label}</Label>}
      <AriaButton className={classes(FIELD, 'flex h-8 items-center justify-between gap-2 text-left')}>
        <SelectValue className="truncate">{({ selectedText }) => selectedText ?? value}</SelectValue>
        <Icon name="down" size={14} />
      </AriaButton>
      <Popover className={POPOVER}>
        <ListBox className="max-h-80 min-w-(--trigger-width) overflow-auto p-1 outline-none">
          {options.map((option) => (
            <ListBoxItem key={option.id} id={option.id} textValue={option.text} className={ITEM}>
              <span className="block">{option.text}</span>
              {option.hint && <span className="block text-xs text-ink-3">{option.hint}</span>}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}

export const POPOVER = 'rounded-lg border border-line bg-raised text-sm text-ink shadow-pop outline-none';
const ITEM = 'cursor-pointer rounded px-2 py-1 outline-none data-focused:bg-hover data-selected:font-semibold data-disabled:cursor-default data-disabled:text-ink-3';

export interface MenuEntry {
  id: string;
  text: string;
  icon?: IconName;
  danger?: boolean;
  onAction: () => void;
}

export function Menu({ label, entries, children }: { label: string; entries: MenuEntry[]; children: ReactNode }) {
  return (
    <MenuTrigger>
      {children}
      <Popover placement="bottom end" className={POPOVER}>
        <AriaMenu aria-label={label} className="min-w-44 p-1 outline-none">
          {entries.map((entry) => (
            <MenuItem key={entry.id} id={entry.id} textValue={entry.text} onAction={entry.onAction} className={classes(ITEM, 'flex items-center gap-2', entry.danger && 'text-red')}>
              {entry.icon && <Icon name={entry.icon} />}
              {entry.text}
            </MenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

export function Dialog({ title, isOpen, onClose, wide, children }: { title: string; isOpen: boolean; onClose: () => void; wide?: boolean; children: ReactNode }) {
  return (
    <ModalOverlay isDismissable isOpen={isOpen} onOpenChange={(open) => !open && onClose()} className="fixed inset-0 z-40 flex items-start justify-center overflow-y-auto bg-black/40 p-4 pt-[10vh]">
      <Modal className={classes('w-full rounded-xl border border-line bg-raised shadow-pop', wide ? 'max-w-2xl' : 'max-w-lg')}>
        <AriaDialog className="outline-none">
          <div className="flex items-center gap-2 border-b border-line px-4 py-2.5">
            <Heading slot="title" className="text-base font-semibold">
              {title}
            </Heading>
            <Button kind="quiet" icon="cross" aria-label="Close" className="ml-auto" onPress={onClose} />
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export interface ActionProps<Result> {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  /** The button's words. */
  verb: string;
  danger?: boolean;
  wide?: boolean;
  /** Does it; what it throws is shown in the dialog, with all that was typed kept. */
  act: () => Promise<Result>;
  onDone?: (result: Result) => void;
  children: ReactNode;
}

/** A dialog that does one thing when its button is pressed. */
export function ActionDialog<Result>({ title, isOpen, onClose, verb, danger, wide, act, onDone, children }: ActionProps<Result>) {
  const mutation = useMutation({
    mutationFn: act,
    onSuccess: (result) => {
      onClose();
      onDone?.(result);
    },
  });
  const close = () => {
    mutation.reset();
    onClose();
  };
  return (
    <Dialog title={title} isOpen={isOpen} onClose={close} wide={wide ?? false}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutation.mutate();
        }}
      >
        <div className="space-y-3 px-4 py-3">
          {children}
          {mutation.error && (
            <p role="alert" className="rounded-md bg-red-soft px-2.5 py-1.5 text-red">
              {mutation.error.message}
            </p>
          )}
        </div>
        <div className="flex justify-end gap-2 border-t border-line px-4 py-2.5">
          <Button onPress={close}>Close</Button>
          <Button kind={danger ? 'danger' : 'primary'} type="submit" isDisabled={mutation.isPending}>
            {mutation.isPending ? 'Working…' : verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Which of several dialogs is open. */
export function useDialogs<Name extends string>() {
  const [open, setOpen] = useState<Name>();
  return { open, show: setOpen, props: (name: Name) => ({ isOpen: open === name, onClose: () => setOpen(undefined) }) };
}
