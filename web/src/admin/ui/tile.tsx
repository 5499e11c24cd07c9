interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly more: string;
  readonly href?: string;
}

/** One figure. */
export const Tile = ({ name, value, more, href }: TileProps) => (
  <section className="tile">
    <h2>{href === undefined ? name : <a href={href}>{name}</a>}</h2>
    <p className="figure">{value}</p>
    <p className="soft">{more}</p>
  </section>
);
