import { Facts } from '../ui/facts.tsx';

const textOf = (field: unknown): string => {
  if (Array.isArray(field)) return field.join(', ');
  return typeof field === 'string' ? field : JSON.stringify(field);
};

/** The state of a target, one line for each field. */
export const TargetState = ({ state }: { state: object | null }) =>
  state === null ? '–' : <Facts className="state" of={Object.entries(state).map(([name, field]) => [name, textOf(field)] as const)} />;
