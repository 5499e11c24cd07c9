import { useEffect, useState } from 'react';
import { Label, TextArea, TextField } from 'react-aria-components';
import { api, bodyOf, type Model, type Room } from '../api/client.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { useTask } from '../ui/use-task.ts';
import type { Rooms } from './use-rooms.ts';

interface RoomDialogProps {
  readonly room: Room;
  readonly rooms: Rooms;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export const RoomDialog = ({ room, rooms, isOpen, onClose }: RoomDialogProps) => (
  <Dialog title="Name and settings" isOpen={isOpen} onClose={onClose}>
    <RoomForm room={room} rooms={rooms} onClose={onClose} />
  </Dialog>
);

function RoomForm({ room, rooms, onClose }: Omit<RoomDialogProps, 'isOpen'>) {
  const [name, setName] = useState(room.name ?? '');
  const [instruction, setInstruction] = useState(room.system_instruction ?? '');
  const [model, setModel] = useState(room.model);
  const [models, setModels] = useState<readonly Model[]>([]);
  const task = useTask();
  useEffect(() => {
    void bodyOf(api.GET('/models')).then(({ data }) => {
      setModels(data);
    });
  }, []);
  return (
    <Form
      submit="Save"
      task={task}
      onSubmit={async () => {
        const body = {
          ...(name.trim() === '' ? {} : { name }),
          system_instruction: instruction.trim() === '' ? null : instruction,
          ...(model === room.model ? {} : { model }),
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
    </Form>
  );
}
