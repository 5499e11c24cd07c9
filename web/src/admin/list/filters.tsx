import { useState } from 'react';
import { Button } from 'react-aria-components';
import { FilterField } from './filter-field.tsx';
import type { Filter, FilterValues } from './list.ts';

interface FiltersProps {
  readonly filters: readonly Filter[];
  readonly values: FilterValues;
  readonly onNarrow: (values: FilterValues) => void;
}

/** Narrows a list: a choice at once, a text when it is sent. */
export function Filters({ filters, values, onNarrow }: FiltersProps) {
  const [typed, setTyped] = useState(values);
  const [known, setKnown] = useState(values);
  if (JSON.stringify(known) !== JSON.stringify(values)) {
    setKnown(values);
    setTyped(values);
  }
  return (
    <form
      className="filters"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onNarrow(typed);
      }}
    >
      {filters.map((filter) => (
        <FilterField
          key={filter.name}
          filter={filter}
          value={typed[filter.name] ?? ''}
          onChange={(value) => {
            const next = { ...typed, [filter.name]: value };
            setTyped(next);
            if (filter.options) onNarrow(next);
          }}
        />
      ))}
      <Button type="submit" className="button small">
        Search
      </Button>
    </form>
  );
}
