import { useState } from 'react';
import { Button, Label, TextArea, TextField, ToggleButton } from 'react-aria-components';
import { Form } from '../ui/form.tsx';
import { Icon } from '../ui/icons.tsx';
import { notify } from '../ui/notices.tsx';
import { useTask } from '../ui/use-task.ts';
import type { Feedback, RoomMessage } from './room-chat.ts';
import type { ConversationState } from './use-conversation.ts';

interface RatingProps {
  readonly message: RoomMessage;
  readonly conversation: ConversationState;
}

const RATINGS = [
  ['up', 'Good answer', 'thumbUp'],
  ['down', 'Bad answer', 'thumbDown'],
] as const;

/** The user's rating of an answer: a second press takes it back. A comment goes with it, or none. */
export function Rating({ message, conversation }: RatingProps) {
  const feedback = message.metadata?.feedback ?? null;
  const [isCommenting, setCommenting] = useState(false);
  const rate = (next: Feedback | null) => {
    setCommenting(false);
    conversation.rate(message.id, next).catch(notify);
  };
  return (
    <>
      <span className={feedback === null ? 'rating' : 'rating rated'} role="group" aria-label="Your rating">
        {RATINGS.map(([rating, label, icon]) => (
          <ToggleButton
            key={rating}
            className="icon-button small"
            aria-label={label}
            isSelected={feedback?.rating === rating}
            onChange={(isSelected) => {
              rate(isSelected ? { rating, comment: null } : null);
            }}
          >
            <Icon name={icon} />
          </ToggleButton>
        ))}
        {feedback !== null && !isCommenting && (
          <Button
            className="link"
            onPress={() => {
              setCommenting(true);
            }}
          >
            {feedback.comment === null ? 'Add a comment' : 'Edit comment'}
          </Button>
        )}
      </span>
      {feedback !== null &&
        (isCommenting ? (
          <CommentForm
            feedback={feedback}
            onSave={(comment) => conversation.rate(message.id, { ...feedback, comment })}
            onClose={() => {
              setCommenting(false);
            }}
          />
        ) : (
          feedback.comment !== null && <p className="comment">{feedback.comment}</p>
        ))}
    </>
  );
}

interface CommentFormProps {
  readonly feedback: Feedback;
  readonly onSave: (comment: string | null) => Promise<void>;
  readonly onClose: () => void;
}

function CommentForm({ feedback, onSave, onClose }: CommentFormProps) {
  const [comment, setComment] = useState(feedback.comment ?? '');
  const task = useTask();
  return (
    <div className="comment">
      <Form
        submit="Save"
        task={task}
        onSubmit={async () => {
          await onSave(comment.trim() === '' ? null : comment);
          onClose();
        }}
        actions={
          <Button className="button" onPress={onClose}>
            Cancel
          </Button>
        }
      >
        <TextField className="field" value={comment} onChange={setComment} autoFocus>
          <Label>Comment</Label>
          <TextArea rows={2} placeholder={feedback.rating === 'up' ? 'What was good?' : 'What was wrong?'} />
        </TextField>
      </Form>
    </div>
  );
}
