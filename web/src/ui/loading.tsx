/** What is shown until something is loaded. */
export const Loading = ({ label }: { label: string }) => (
  <p className="loading" role="status">
    {label}…
  </p>
);
