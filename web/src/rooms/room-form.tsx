import { useState } from 'react';
import { Label, TextArea, TextField } from 'react-aria-components';
import { api, bodyOf, type Room } from '../api/client.ts';
import { LevelSelect } from '../conversation/answer-options.tsx';
import { useModels } from '../plan/use-models.ts';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { useTask } from '../ui/use-task.ts';
import type { Rooms } from './use-rooms.ts';

interface RoomFormProps {
  readonly room: Room;
  readonly rooms: Rooms;
  readonly onClose: () => void;
}

/** What a room is called, and how it is answered. */
export default function RoomForm({ room, rooms, onClose }: RoomFormProps) {
  const [name, setName] = useState(room.name ?? '');
  const [instruction, setInstruction] = useState(room.system_instruction ?? '');
  const [model, setModel] = useState(room.model);
  const [search, setSearch] = useState(room.web_search);
  const [level, setLevel] = useState(room.reasoning);
  const models = useModels();
  const offered = models.find(({ id }) => id === model)?.capabilities;
  const task = useTask();
  return (
    <Form
      submit="Save"
      task={task}
      onSubmit={async () => {
        const body = {
          ...(name.trim() === '' ? {} : { name }),
          system_instruction: instruction.trim() === '' ? null : instruction,
          ...(model === room.model ? {} : { model }),
          ...(search === room.web_search ? {} : { web_search: search }),
          ...(level === room.reasoning ? {} : { reasoning: level }),
        };
        rooms.put(await bodyOf(api.PATCH('/chatroom/{chatroom_id}', { params: { path: { chatroom_id: room.id } }, body })));
        onClose();
      }}
    >
      <Field label="Name" value={name} onChange={setName} maxLength={200} autoFocus />
      <TextField className="field" value={instruction} onChange={setInstruction}>
        <Label>Instruction to the model</Label>
        <TextArea rows={4} placeholder="Answer briefly, in British English." />
      </TextField>
      <label className="field">
        <span>Model</span>
        <select
          value={model}
          onChange={(event) => {
            setModel(event.target.value);
          }}
        >
          {models.length === 0 && <option value={model}>{model}</option>}
          {models.map(({ id, name: title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {offered && offered.reasoning.length > 0 && (
        <label className="field">
          <span>Reasoning</span>
          <LevelSelect offered={offered.reasoning} level={level} onChange={setLevel} />
        </label>
      )}
      {offered?.web_search === true && (
        <label className="switch">
          <input
            type="checkbox"
            role="switch"
            checked={search}
            onChange={({ target }) => {
              setSearch(target.checked);
            }}
          />
          Search the web
        </label>
      )}
    </Form>
  );
}
