/**
 * A hot SQL statement. Its name lets PostgreSQL prepare it once per connection (one without a name is planned each time, for its very values); `Row` is what each row decodes to, which nothing checks at run
 * time: keep it beside the text.
 */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Only carries the type. */
  readonly row?: Row;
}

export const statement = <Row>(name: string, text: string): Statement<Row> => ({ name, text });
