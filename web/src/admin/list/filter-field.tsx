import type { Filter } from './list.ts';

interface FilterFieldProps {
  readonly filter: Filter;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export const FilterField = ({ filter: { name, label, options, type = 'search', hint }, value, onChange }: FilterFieldProps) => (
  <label className="field">
    <span>{label}</span>
    {options ? (
      <select
        name={name}
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      >
        {options.map(([word, text]) => (
          <option key={word} value={word}>
            {text}
          </option>
        ))}
      </select>
    ) : (
      <input
        name={name}
        type={type}
        value={value}
        placeholder={hint}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      />
    )}
  </label>
);
