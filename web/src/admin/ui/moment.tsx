const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** A time of the API, in words of the reader's place. */
export const Moment = ({ at }: { at: string | null }) =>
  at === null ? (
    '–'
  ) : (
    <time dateTime={at} title={at}>
      {format.format(new Date(at))}
    </time>
  );
