import type { ReactNode } from 'react';
import { Input, Label, Text, TextField, type TextFieldProps } from 'react-aria-components';

interface FieldProps extends TextFieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly placeholder?: string;
}

/** A line of text with its label. */
export const Field = ({ label, hint, placeholder, ...props }: FieldProps) => (
  <TextField {...props} className="field">
    <Label>{label}</Label>
    <Input placeholder={placeholder ?? ''} />
    {hint !== undefined && <Text slot="description">{hint}</Text>}
  </TextField>
);
