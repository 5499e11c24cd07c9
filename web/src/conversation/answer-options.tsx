import { useState } from 'react';
import { ToggleButton } from 'react-aria-components';
import type { Capabilities, Room } from '../api/client.ts';
import { Icon } from '../ui/icons.tsx';
import type { AnswerOptions } from './room-chat.ts';

export type Level = Room['reasoning'];

interface OptionsState {
  readonly offered: Capabilities;
  readonly shown: Required<AnswerOptions>;
  /** What was chosen here, as far as it is offered. */
  readonly chosen: AnswerOptions;
  readonly choose: (options: AnswerOptions) => void;
}

const NOTHING: Capabilities = { attachments: false, web_search: false, reasoning: [] };

/**
 * How messages are to be answered: as the room says, until something else is chosen.
 *
 * @param offered what plan and model offer; undefined until it is known
 */
export function useAnswerOptions(
  offered: Capabilities = NOTHING,
  room: Pick<Room, 'web_search' | 'reasoning'> = { web_search: false, reasoning: null },
): OptionsState {
  const [all, setAll] = useState<AnswerOptions>({});
  const { web_search: search, reasoning: level } = all;
  const isLevelOffered = level === null ? offered.reasoning.length > 0 : level !== undefined && offered.reasoning.includes(level);
  const chosen = {
    ...(search !== undefined && offered.web_search ? { web_search: search } : {}),
    ...(level !== undefined && isLevelOffered ? { reasoning: level } : {}),
  };
  return {
    offered,
    shown: { web_search: room.web_search, reasoning: room.reasoning, ...chosen },
    chosen,
    choose: (options) => {
      setAll((before) => ({ ...before, ...options }));
    },
  };
}

/** What plan and model offer beside an answer; nothing where they offer nothing. */
export function AnswerOptionsBar({ options: { offered, shown, choose } }: { readonly options: OptionsState }) {
  if (!offered.web_search && offered.reasoning.length === 0) return null;
  return (
    <div className="options" role="group" aria-label="How to answer">
      {offered.web_search && (
        <ToggleButton
          className="option"
          isSelected={shown.web_search}
          onChange={(isSelected) => {
            choose({ web_search: isSelected });
          }}
        >
          <Icon name="globe" /> Search the web
        </ToggleButton>
      )}
      {offered.reasoning.length > 0 && (
        <LevelSelect
          className="option"
          offered={offered.reasoning}
          level={shown.reasoning}
          onChange={(level) => {
            choose({ reasoning: level });
          }}
        />
      )}
    </div>
  );
}

interface LevelSelectProps {
  readonly offered: Capabilities['reasoning'];
  readonly level: Level;
  readonly onChange: (level: Level) => void;
  readonly className?: string;
}

/** How long the model thinks. */
export const LevelSelect = ({ offered, level, onChange, className = '' }: LevelSelectProps) => (
  <select
    className={className}
    aria-label="Reasoning"
    value={level ?? ''}
    onChange={({ target: { value } }) => {
      onChange(offered.find((other) => other === value) ?? null);
    }}
  >
    <option value="">Default reasoning</option>
    {offered.map((other) => (
      <option key={other} value={other}>
        {`${other.slice(0, 1).toUpperCase()}${other.slice(1)} reasoning`}
      </option>
    ))}
  </select>
);
