/** The end of an id: ids of one time begin alike. */
export const ShortId = ({ id }: { id: string }) => (
  <code className="id" title={id}>
    {id.length > 14 ? `…${id.slice(-8)}` : id}
  </code>
);
